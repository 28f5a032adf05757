use proptest::prelude::*;

use super::*;

const NUMBER: u64 = 3;

/// A segment of batches, with the place where each batch starts.
fn segment(batches: &[Vec<Vec<u8>>], first_ordinal: u64) -> (Vec<u8>, Vec<u64>) {
    let header = SegmentHeader {
        number: NUMBER,
        first_ordinal,
        previous_bytes: 77,
        epoch: 5,
    };
    let mut bytes = header.to_bytes();
    let mut ordinal = first_ordinal;
    let mut starts = Vec::new();
    for batch in batches {
        let offset = bytes.len() as u64;
        starts.push(offset);
        let payloads = batch.iter().map(Vec::as_slice);
        let offsets = write_batch(payloads, ordinal, (NUMBER, offset), &mut bytes).unwrap();
        assert_eq!(offsets.len(), batch.len());
        ordinal += batch.len() as u64;
    }
    (bytes, starts)
}

type Records = Vec<(u64, Vec<u8>)>;

fn read(bytes: &[u8]) -> Result<(Records, Scan), DamagedRecord> {
    let mut records = Vec::new();
    let scan = scan(bytes, |ordinal, frame| {
        records.push((ordinal, frame.payload.to_vec()))
    })?;
    Ok((records, scan))
}

fn batches() -> impl Strategy<Value = Vec<Vec<Vec<u8>>>> {
    let payload = prop::collection::vec(any::<u8>(), 0..40);
    prop::collection::vec(prop::collection::vec(payload, 1..5), 1..6)
}

proptest! {
    #[test]
    fn segments_read_back(batches in batches(), first in 0u64..1 << 40) {
        let (bytes, starts) = segment(&batches, first);
        let (records, scan) = read(&bytes).unwrap();
        let all: Vec<Vec<u8>> = batches.concat();
        prop_assert_eq!(records.len(), all.len());
        for (((ordinal, payload), expected), index) in records.iter().zip(&all).zip(first..) {
            prop_assert_eq!((*ordinal, payload), (index, expected));
        }
        prop_assert_eq!(scan.end, bytes.len() as u64);
        prop_assert_eq!(scan.last_batch, *starts.last().unwrap());
        prop_assert_eq!(scan.tail, None);
    }

    #[test]
    fn a_cut_keeps_whole_batches_only(batches in batches(), cut: prop::sample::Index) {
        let (bytes, starts) = segment(&batches, 10);
        let cut = SEGMENT_HEADER_BYTES + cut.index(bytes.len() - SEGMENT_HEADER_BYTES);
        let (records, scan) = read(&bytes[..cut]).unwrap();
        let whole = starts.iter().skip(1).filter(|start| **start <= cut as u64).count();
        prop_assert_eq!(records.len(), batches[..whole].concat().len());
        prop_assert_eq!(scan.next_ordinal, 10 + records.len() as u64);
        let left = &bytes[scan.end as usize..cut];
        prop_assert_eq!(scan.tail.is_none(), left.iter().all(|byte| *byte == 0));
    }

    #[test]
    fn a_flip_is_found_at_its_record(
        batches in batches(),
        at: prop::sample::Index,
        bit in 0u8..8,
    ) {
        let (mut bytes, starts) = segment(&batches, 10);
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        let batch = starts.iter().filter(|start| **start <= at as u64).count();
        match read(&bytes) {
            // In the last batch it looks like a write that was not finished.
            Ok((records, scan)) => {
                prop_assert_eq!(batch, batches.len());
                prop_assert!(scan.tail.is_some());
                prop_assert_eq!(records.len(), batches[..batch - 1].concat().len());
            }
            Err(_) if batch == 0 => {}
            Err(damage) => {
                let before = 10 + batches[..batch - 1].concat().len() as u64;
                let after = before + batches[batch - 1].len() as u64;
                prop_assert!((before..after).contains(&damage.ordinal));
            }
        }
    }

    #[test]
    fn parsing_never_panics(bytes: Vec<u8>, number: u64, offset: u64) {
        let _ = Frame::parse(&bytes, number, offset);
        let _ = BatchHeader::parse(&bytes, number, offset);
        let _ = SegmentHeader::parse(&bytes);
        let _ = scan(&bytes, |_, _| {});
        let header = SegmentHeader { number, first_ordinal: offset, previous_bytes: 0, epoch: offset };
        let mut segment = header.to_bytes();
        segment.extend_from_slice(&bytes);
        let _ = scan(&segment, |_, _| {});
    }
}

#[test]
fn moved_bytes_do_not_pass() {
    let (bytes, starts) = segment(&[vec![b"one".to_vec()], vec![b"two".to_vec()]], 0);
    let (first, second) = (starts[0] as usize, starts[1] as usize);
    let mut swapped = bytes[..first].to_vec();
    swapped.extend_from_slice(&bytes[second..]);
    swapped.extend_from_slice(&bytes[first..second]);
    let (records, scan) = read(&swapped).unwrap();
    assert!(records.is_empty() && scan.tail.is_some());
    let frame = first + BATCH_HEADER_BYTES;
    assert!(Frame::parse(&bytes[frame..], NUMBER, frame as u64).is_ok());
    assert!(Frame::parse(&bytes[frame..], NUMBER + 1, frame as u64).is_err());
    assert!(Frame::parse(&bytes[frame..], NUMBER, frame as u64 + 1).is_err());
}

#[test]
fn a_payload_that_looks_like_a_batch_proves_nothing_elsewhere() {
    let (inner, starts) = segment(&[vec![b"x".to_vec()], vec![b"y".to_vec()]], 500);
    let payload = inner[starts[1] as usize..].to_vec();
    let (bytes, starts) = segment(&[vec![b"a".to_vec()], vec![payload]], 0);
    let mut torn = bytes;
    torn.truncate(torn.len() - 1);
    let (records, scan) = read(&torn).unwrap();
    assert_eq!((records.len(), scan.end), (1, starts[1]));
}

#[test]
fn zeros_behind_the_last_batch_are_room_and_nothing_else() {
    let (mut bytes, _) = segment(&[vec![b"a".to_vec()]], 0);
    let end = bytes.len();
    bytes.resize(end + 4096, 0);
    let (records, scan) = read(&bytes).unwrap();
    assert_eq!((records.len(), scan.end), (1, end as u64));
    assert_eq!((scan.tail, scan.tail_bytes), (None, 0));
    bytes[end + 1000] = 1;
    let (records, scan) = read(&bytes).unwrap();
    assert_eq!(
        (records.len(), scan.end, scan.tail_bytes),
        (1, end as u64, 1001)
    );
    assert!(scan.tail.is_some());
}
