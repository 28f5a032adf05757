//! Files with bytes changed at random: cleaned or refused, and what is cleaned keeps to the profile.

use std::io::Cursor;
use std::sync::LazyLock;

use proptest::prelude::*;
use wardgate_deid::Profile;
use wardgate_dicom::FileDeidentifier;

use crate::made::{BIG_ENDIAN, EXPLICIT, Form, IMPLICIT, JPEG, Made};
use crate::scene::files;

static FILES: LazyLock<FileDeidentifier> = LazyLock::new(|| files(Profile::safe_harbor()));

/// A file with something of everything.
fn whole(form: Form, syntax: &str) -> Vec<u8> {
    let person = Made::in_form(form)
        .put(0x0010_0010, "PN", "Quillfeather^Ottoline")
        .put(0x0008_1155, "UI", "1.2.826.0.1.3680043.2.1143.57.2");
    let made = Made::usual(form)
        .put(0x0019_0010, "LO", "GEMS_ACQU_01")
        .put(0x0019_1023, "DS", "12.5")
        .items(0x0008_1140, &[person.clone(), person.clone()], true)
        .items_in(
            0x0040_0260,
            "UN",
            &[Made::in_form(Form::Implicit).put(0x0010_0010, "PN", "Quill")],
            false,
        )
        .put(0x0042_0012, "LO", "text/plain")
        .raw(0x0042_0011, "OB", b"Seen: Ottoline Quillfeather.")
        .number(0x0028_0010, 8)
        .number(0x0028_0011, 8)
        .number(0x0028_0100, 8);
    let made = match syntax {
        JPEG => {
            made.fragments(&[b"\xff\xd8\xff\xfe\0\x08Maria!\xff\xda\0\x02\x55\xff\xd9\0".to_vec()])
        }
        _ => made.raw(0x7fe0_0010, "OW", &[0x55; 64]),
    };
    made.put(0xfffc_fffc, "OB", "padding!").file(syntax)
}

fn file() -> impl Strategy<Value = Vec<u8>> {
    let forms = [
        (Form::Explicit, EXPLICIT),
        (Form::Implicit, IMPLICIT),
        (Form::BigEndian, BIG_ENDIAN),
        (Form::Explicit, JPEG),
    ];
    let whole = prop::sample::select(forms.to_vec()).prop_map(|(form, syntax)| whole(form, syntax));
    let changes = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8);
    (whole, changes, any::<prop::sample::Index>(), any::<bool>()).prop_map(
        |(mut file, changes, cut, cuts)| {
            for (at, byte) in changes {
                let at = at.index(file.len());
                file[at] = byte;
            }
            if cuts {
                file.truncate(cut.index(file.len()));
            }
            file
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_file_breaks_the_reader_or_the_profile(file in file()) {
        let mut output = Vec::new();
        if FILES.file(Cursor::new(&file), &mut output).is_ok() {
            let looked = FILES.verify(Cursor::new(&file), Cursor::new(&output));
            prop_assert!(looked.is_ok(), "{:?}", looked);
        }
    }
}

#[test]
fn what_was_cleaned_once_is_cleaned_again_to_the_same_form() {
    let mut once = Vec::new();
    FILES
        .file(Cursor::new(whole(Form::Explicit, EXPLICIT)), &mut once)
        .unwrap();
    let mut twice = Vec::new();
    FILES.file(Cursor::new(&once), &mut twice).unwrap();
    assert!(
        !FILES
            .verify(Cursor::new(&once), Cursor::new(&twice))
            .unwrap()
            .any()
    );
}
