//! A timestamp authority made of Debian's `openssl`: a root, a certificate, and `openssl ts`.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

/// The kind of certificate that the authority signs with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Rsa,
    Ecdsa,
    /// Its certificate is over.
    Expired,
    /// Its certificate is for servers too.
    TwoPurposes,
    /// Its certificate does not make the purpose critical.
    NotCritical,
}

pub(crate) struct Authority {
    dir: TempDir,
}

impl Authority {
    pub(crate) fn new(kind: Kind) -> Self {
        let authority = Self {
            dir: tempfile::tempdir().unwrap(),
        };
        authority.write("config", CONFIG);
        authority.write("serial", "01\n");
        let root = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 \
                    -keyout root.key -out root.pem -subj /CN=Root -config config -extensions root";
        authority.run(root);
        let key = match kind {
            Kind::Ecdsa => "ec -pkeyopt ec_paramgen_curve:P-384",
            _ => "rsa:2048",
        };
        authority.run(&format!(
            "req -newkey {key} -nodes -keyout tsa.key -out tsa.csr -subj /CN=Authority -config config"
        ));
        authority.run(
            "x509 -req -in tsa.csr -CA root.pem -CAkey root.key -set_serial 7 -days 20 \
             -extfile config -extensions certificate -out tsa.pem",
        );
        let usage = match kind {
            Kind::Rsa | Kind::Ecdsa => return authority,
            Kind::TwoPurposes => "critical,timeStamping,serverAuth",
            Kind::NotCritical => "timeStamping",
            Kind::Expired => "critical,timeStamping",
        };
        authority.issue_bad(usage, kind == Kind::Expired);
        authority
    }

    /// Issues a second certificate for the same key, which must not count.
    fn issue_bad(&self, usage: &str, expired: bool) {
        let good = "extendedKeyUsage = critical,timeStamping";
        let bad = format!("extendedKeyUsage = {usage}");
        self.write("bad", &CONFIG.replace(good, &bad));
        self.write("index", "");
        self.write("number", "09\n");
        let dates = if expired {
            "-startdate 20200101000000Z -enddate 20200102000000Z"
        } else {
            "-days 10"
        };
        self.run(&format!(
            "ca -batch -config bad -name ca -in tsa.csr -out bad.pem -notext \
             -extensions certificate {dates}"
        ));
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn roots(&self) -> Vec<u8> {
        fs::read(self.path().join("root.pem")).unwrap()
    }

    /// The response to a request, as the authority would send it.
    pub(crate) fn reply(&self, request: &[u8]) -> Vec<u8> {
        fs::write(self.path().join("request"), request).unwrap();
        self.run("ts -reply -config config -queryfile request -out reply");
        if self.path().join("bad.pem").exists() {
            return self.sign_badly();
        }
        fs::read(self.path().join("reply")).unwrap()
    }

    /// Signs the contents of the reply again, since `openssl ts` has scruples.
    fn sign_badly(&self) -> Vec<u8> {
        self.run("ts -reply -config config -in reply -token_out -out token");
        self.run("cms -verify -noverify -inform DER -in token -out contents");
        self.run(
            "cms -sign -binary -nodetach -cades -md sha256 -econtent_type id-smime-ct-TSTInfo \
             -signer bad.pem -inkey tsa.key -outform DER -in contents -out token",
        );
        let token = fs::read(self.path().join("token")).unwrap();
        let granted = [0x30, 0x03, 0x02, 0x01, 0x00];
        let length = u16::try_from(granted.len() + token.len()).unwrap();
        let mut reply = vec![0x30, 0x82];
        reply.extend(length.to_be_bytes());
        reply.extend(granted);
        reply.extend(token);
        reply
    }

    /// Whether `openssl ts -verify`, the auditor's tool, accepts a response.
    pub(crate) fn openssl_verifies(&self, checkpoint: &[u8], response: &[u8]) -> bool {
        fs::write(self.path().join("data"), checkpoint).unwrap();
        fs::write(self.path().join("response"), response).unwrap();
        let verify = "ts -verify -data data -in response -CAfile root.pem";
        self.try_run(verify).status.success()
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path().join(name), text).unwrap();
    }

    fn run(&self, arguments: &str) {
        let output = self.try_run(arguments);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "openssl {arguments}: {said}");
    }

    fn try_run(&self, arguments: &str) -> Output {
        Command::new("openssl")
            .args(arguments.split_whitespace())
            .current_dir(self.path())
            .output()
            .expect("these tests need Debian's package `openssl`")
    }
}

const CONFIG: &str = "
[req]
distinguished_name = name
prompt = no
[name]
CN = Unused
[root]
basicConstraints = critical,CA:true
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
[certificate]
basicConstraints = critical,CA:false
keyUsage = critical,digitalSignature
extendedKeyUsage = critical,timeStamping
subjectKeyIdentifier = hash
[ca]
database = index
serial = number
new_certs_dir = .
certificate = root.pem
private_key = root.key
default_md = sha256
policy = any
[any]
commonName = supplied
[tsa]
default_tsa = authority
[authority]
serial = serial
crypto_device = builtin
signer_cert = tsa.pem
signer_key = tsa.key
certs = root.pem
default_policy = 1.2.3.4.1
digests = sha256
signer_digest = sha256
accuracy = secs:1
ordering = yes
tsa_name = yes
ess_cert_id_chain = no
ess_cert_id_alg = sha256
";
