//! DICOM over DIMSE.

use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use dicom_ul::association::client::{ClientAssociation, ClientAssociationOptions};
use dicom_ul::association::server::ServerAssociationOptions;
use dicom_ul::pdu::{PDataValue, PDataValueType, Pdu};
use wardgate_dicom::{FileDeidentifier, Options as FileOptions};
use wardgate_relay::dicom::{Entity, OBJECT_BYTES_MAX, Objects, Options, Receiver};
use wardgate_relay::fuzzing::Command;
use wardgate_relay::{Folder, Service, Tallied};

use super::object::{CLASS, EXPLICIT, data_set, files, holds};
use super::{rules, start};

const VERIFICATION: &str = "1.2.840.10008.1.1";
const IMPLICIT: &str = "1.2.840.10008.1.2";

fn options(downstream: Receiver, work: &Path) -> Options {
    let rules = rules();
    let of_profile = FileOptions::of(rules.profile());
    Options {
        objects: Objects {
            deidentifier: Arc::new(FileDeidentifier::new(rules, of_profile)),
            downstream,
            work: work.to_owned(),
            object_bytes_max: OBJECT_BYTES_MAX,
        },
        title: None,
        callers: Vec::new(),
    }
}

fn entity(address: SocketAddr) -> Receiver {
    Receiver::Entity(Entity {
        address: address.to_string(),
        called_title: "ARCHIVE".to_owned(),
        calling_title: "WARDGATE".to_owned(),
        tls: None,
        answer_timeout: Duration::from_secs(5),
    })
}

fn associate(address: SocketAddr) -> ClientAssociation<std::net::TcpStream> {
    ClientAssociationOptions::new()
        .calling_ae_title("MODALITY")
        .called_ae_title("RELAY")
        .with_presentation_context(VERIFICATION, vec![IMPLICIT])
        .with_presentation_context(CLASS, vec![EXPLICIT])
        .read_timeout(Duration::from_secs(20))
        .establish(address)
        .unwrap()
}

fn context(link: &ClientAssociation<std::net::TcpStream>, class: &str) -> u8 {
    let mut contexts = link.presentation_contexts().iter();
    contexts
        .find(|context| context.abstract_syntax == class)
        .unwrap()
        .id
}

fn pdv(context: u8, value_type: PDataValueType, data: Vec<u8>) -> Pdu {
    Pdu::PData {
        data: vec![PDataValue {
            presentation_context_id: context,
            value_type,
            is_last: true,
            data,
        }],
    }
}

/// Stores a data set and gives the answer.
fn store(
    link: &mut ClientAssociation<std::net::TcpStream>,
    instance: &str,
    data: Vec<u8>,
) -> Command {
    let id = context(link, CLASS);
    let request = Command {
        field: 1,
        message_id: 3,
        sop_class: CLASS.to_owned(),
        sop_instance: instance.to_owned(),
        has_data: true,
        ..Command::default()
    };
    link.send(&pdv(id, PDataValueType::Command, request.write()))
        .unwrap();
    link.send(&pdv(id, PDataValueType::Data, data)).unwrap();
    answer(link)
}

fn answer(link: &mut ClientAssociation<std::net::TcpStream>) -> Command {
    let Pdu::PData { data } = link.receive().unwrap() else {
        panic!("no data");
    };
    Command::read(&data[0].data).unwrap()
}

/// A receiver that answers each object with a status, and shows what it received.
fn receiver(status: u16) -> (SocketAddr, mpsc::Receiver<(Command, Vec<u8>)>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (sender, received) = mpsc::channel();
    std::thread::spawn(move || {
        while let Ok((stream, _)) = listener.accept() {
            let options = ServerAssociationOptions::new().promiscuous(true);
            let Ok(mut link) = options.establish(stream) else {
                continue;
            };
            let (mut command, mut data) = (Vec::new(), Vec::new());
            loop {
                match link.receive() {
                    Ok(Pdu::PData { data: values }) => {
                        for value in values {
                            let done = value.is_last && value.value_type == PDataValueType::Data;
                            match value.value_type {
                                PDataValueType::Command => command.extend(value.data),
                                PDataValueType::Data => data.extend(value.data),
                            }
                            if done {
                                let request = Command::read(&std::mem::take(&mut command)).unwrap();
                                let reply = request.answer(status, "").write();
                                let id = value.presentation_context_id;
                                link.send(&pdv(id, PDataValueType::Command, reply)).unwrap();
                                let _ = sender.send((request, std::mem::take(&mut data)));
                            }
                        }
                    }
                    Ok(Pdu::ReleaseRQ) => {
                        let _ = link.send(&Pdu::ReleaseRP);
                        break;
                    }
                    _ => break,
                }
            }
        }
    });
    (address, received)
}

/// Runs what blocks beside the relay.
async fn beside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.unwrap()
}

async fn through(
    downstream: Receiver,
    objects: &'static [&'static str],
) -> (Vec<Command>, Tallied) {
    let work = tempfile::tempdir().unwrap();
    let relay = start(Service::Dicom(options(downstream, work.path()))).await;
    let address = relay.address();
    let answers = beside(move || {
        let mut link = associate(address);
        let answers = objects
            .iter()
            .map(|instance| store(&mut link, instance, data_set(instance)));
        let answers: Vec<Command> = answers.collect();
        link.release().unwrap();
        answers
    })
    .await;
    let counts = relay.stop().await;
    assert_eq!(std::fs::read_dir(work.path()).unwrap().count(), 0);
    (answers, counts)
}

#[tokio::test]
async fn objects_pass_to_another_entity() {
    let (address, received) = receiver(0);
    let (answers, counts) = through(entity(address), &["1.2.840.99999.3", "1.2.840.99999.4"]).await;
    for (answer, instance) in answers.iter().zip(["1.2.840.99999.3", "1.2.840.99999.4"]) {
        assert_eq!(
            (answer.field, answer.status, answer.message_id),
            (0x8001, 0, 3)
        );
        assert_eq!(answer.sop_instance, instance);
        let (request, data) = received.recv().unwrap();
        assert!(request.sop_instance.starts_with("2.25."));
        assert!(holds(&data, &request.sop_instance));
        for left in ["Lindqvist", "4471902", "1.2.840.99999"] {
            assert!(!holds(&data, left), "{left}");
        }
    }
    assert_eq!((counts.received, counts.passed), (2, 2));
}

#[tokio::test]
async fn a_refusal_of_the_receiver_is_the_answer() {
    for (status, expected, code) in [
        (0xb000, 0x0000, None),
        (0xa700, 0xa700, Some("relay.downstream_unreachable")),
        (0xc123, 0xc003, Some("relay.downstream_refused")),
    ] {
        let (address, _received) = receiver(status);
        let (answers, counts) = through(entity(address), &["1.2.840.99999.3"]).await;
        assert_eq!(answers[0].status, expected);
        assert_eq!(counts.refused.keys().next().copied(), code);
    }
}

#[tokio::test]
async fn a_receiver_that_is_away_is_no_success() {
    let gone = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let (answers, counts) = through(entity(gone), &["1.2.840.99999.3"]).await;
    assert_eq!(answers[0].status, 0xa700);
    assert_eq!(answers[0].comment, "relay.downstream_unreachable");
    assert_eq!(counts.passed, 0);
}

#[tokio::test]
async fn a_folder_receives_objects_by_their_new_uids() {
    let place = tempfile::tempdir().unwrap();
    let folder = Receiver::Folder(Folder::open(place.path()).unwrap());
    let (answers, _) = through(folder, &["1.2.840.99999.3", "1.2.840.99999.4"]).await;
    assert!(answers.iter().all(|answer| answer.status == 0));
    let stored = files(place.path());
    assert_eq!(stored.len(), 2);
    for file in stored {
        let name = file.strip_prefix(place.path()).unwrap();
        assert_eq!(name.iter().count(), 3);
        assert!(
            name.iter()
                .all(|part| part.to_string_lossy().starts_with("2.25."))
        );
        let bytes = std::fs::read(&file).unwrap();
        assert!(!holds(&bytes, "Lindqvist") && !holds(&bytes, "1.2.840.99999"));
    }
}

#[tokio::test]
async fn what_cannot_be_cleaned_is_refused_and_the_next_one_passes() {
    let place = tempfile::tempdir().unwrap();
    let folder = Receiver::Folder(Folder::open(place.path()).unwrap());
    let work = tempfile::tempdir().unwrap();
    let relay = start(Service::Dicom(options(folder, work.path()))).await;
    let address = relay.address();
    beside(move || {
        let mut link = associate(address);
        let cut = data_set("1.2.840.99999.3")[..120].to_vec();
        let refused = store(&mut link, "1.2.840.99999.3", cut);
        assert_eq!(refused.status & 0xf000, 0xc000);
        assert!(refused.comment.starts_with("dicom."), "{}", refused.comment);
        let whole = store(&mut link, "1.2.840.99999.4", data_set("1.2.840.99999.4"));
        assert_eq!(whole.status, 0);
        let id = context(&link, VERIFICATION);
        let echo = Command {
            field: 0x30,
            message_id: 9,
            sop_class: VERIFICATION.to_owned(),
            ..Command::default()
        };
        link.send(&pdv(id, PDataValueType::Command, echo.write()))
            .unwrap();
        let answered = answer(&mut link);
        assert_eq!(
            (answered.field, answered.status, answered.message_id),
            (0x8030, 0, 9)
        );
        link.release().unwrap();
    })
    .await;
    let counts = relay.stop().await;
    assert_eq!((counts.received, counts.passed), (2, 1));
    assert_eq!(files(place.path()).len(), 1);
}

#[tokio::test]
async fn only_those_who_may_call_are_heard() {
    let place = tempfile::tempdir().unwrap();
    let folder = Receiver::Folder(Folder::open(place.path()).unwrap());
    let closed = Options {
        callers: vec!["OTHER".to_owned()],
        ..options(folder.clone(), place.path())
    };
    let other = Options {
        title: Some("SOMEBODY".to_owned()),
        ..options(folder, place.path())
    };
    for options in [closed, other] {
        let relay = start(Service::Dicom(options)).await;
        let address = relay.address();
        let heard = beside(move || {
            ClientAssociationOptions::new()
                .calling_ae_title("MODALITY")
                .called_ae_title("RELAY")
                .with_presentation_context(CLASS, vec![EXPLICIT])
                .establish(address)
                .is_ok()
        });
        assert!(!heard.await);
        relay.stop().await;
    }
}

#[tokio::test]
async fn an_object_that_is_too_long_ends_the_association() {
    let place = tempfile::tempdir().unwrap();
    let folder = Receiver::Folder(Folder::open(place.path()).unwrap());
    let mut short = options(folder, place.path());
    short.objects.object_bytes_max = 50;
    let relay = start(Service::Dicom(short)).await;
    let address = relay.address();
    beside(move || {
        let mut link = associate(address);
        let id = context(&link, CLASS);
        let request = Command {
            field: 1,
            message_id: 1,
            sop_class: CLASS.to_owned(),
            sop_instance: "1.2".to_owned(),
            has_data: true,
            ..Command::default()
        };
        link.send(&pdv(id, PDataValueType::Command, request.write()))
            .unwrap();
        link.send(&pdv(id, PDataValueType::Data, data_set("1.2")))
            .unwrap();
        assert!(!matches!(link.receive(), Ok(Pdu::PData { .. })));
    })
    .await;
    assert_eq!(relay.stop().await.refused["relay.object_too_long"], 1);
}
