//! Asked to stop, the server lets the calls under way end.

use std::net::TcpStream;

use crate::client::Asked;
use crate::house::{House, POLLS_MAX, of_type, pause};
use crate::model::Model;

#[test]
fn a_stream_under_way_ends_before_the_server_does() {
    let model = Model::start();
    let house = House::new(&model);
    let key = house.key();
    let mut server = house.serve();
    model.hold();
    let mut asked = Asked::send(house.address, &key, "How is Maren?", true).unwrap();
    let first = asked.chunk().unwrap();
    assert!(first.contains("one"), "{first}");

    server.terminate();
    for _ in 0..POLLS_MAX {
        if TcpStream::connect(house.address).is_err() {
            break;
        }
        pause();
    }
    assert!(
        TcpStream::connect(house.address).is_err(),
        "it still accepts connections"
    );
    model.release();
    let rest = asked.finish().expect("the stream was cut off").body;
    assert!(
        rest.contains("three") && rest.contains("data: [DONE]"),
        "{rest}"
    );
    assert!(server.child.wait().unwrap().success());

    let ledger = house.ledger();
    assert_eq!(
        of_type(&ledger, "call.outcome")[0]["data"]["status"],
        "answered"
    );
    assert_eq!(of_type(&ledger, "gateway.stopped").len(), 1);
    house.verify();
}

#[test]
fn one_data_directory_has_one_server() {
    let model = Model::start();
    let house = House::new(&model);
    let server = house.serve();
    let second = house.try_run(&["serve"]);
    assert!(!second.status.success());
    let said = crate::house::stderr(&second);
    assert!(
        said.contains("another server uses") && said.contains("hint:"),
        "{said}"
    );
    server.stop();
}
