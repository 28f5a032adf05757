"""An S3 server on loopback that checks signatures, for the tests of copies. Shares nothing with Wardgate.

Makes a bucket and a user who may use it, prints where and who as one line of JSON, and serves until
its standard input ends.
"""

import json
import logging
import sys
import urllib.request

import boto3
from moto.server import ThreadedMotoServer

ALLOW = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}

logging.getLogger("werkzeug").setLevel(logging.ERROR)
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
host, port = server.get_host_and_port()
endpoint = f"http://{host}:{port}"


def client(service):
    return boto3.client(
        service,
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="nobody",
        aws_secret_access_key="nobody",
    )


client("s3").create_bucket(Bucket="ledger")
iam = client("iam")
iam.create_user(UserName="wardgate")
iam.put_user_policy(UserName="wardgate", PolicyName="copies", PolicyDocument=json.dumps(ALLOW))
key = iam.create_access_key(UserName="wardgate")["AccessKey"]
# From here on every request must be signed by a known user.
checked = urllib.request.Request(f"{endpoint}/moto-api/reset-auth", b"0", {"content-type": "text/plain"})
urllib.request.urlopen(checked).read()
print(
    json.dumps(
        {"endpoint": endpoint, "bucket": "ledger", "id": key["AccessKeyId"], "secret": key["SecretAccessKey"]}
    ),
    flush=True,
)
sys.stdin.read()
server.stop()
