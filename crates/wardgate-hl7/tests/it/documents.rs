//! Documents of our own: each place where a CDA document hides an identifier.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use proptest::prelude::*;
use wardgate_deid::{Operation, Profile};
use wardgate_hl7::cda::DocumentDeidentifier;

use crate::scene::{self, cleaned_document};

const HEADER: &str = r#"<?xml version="1.0" encoding="UTF-8"?><?xml-stylesheet href="48120677.xsl"?>
<!-- letter about Ottilie Trzebiatowski -->
<ClinicalDocument xmlns="urn:hl7-org:v3" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:sdtc="urn:hl7-org:sdtc" xmlns:h="http://hilda.example/48120677">
<realmCode code="US"/><typeId root="2.16.840.1.113883.1.3" extension="POCD_HD000040"/>
<templateId root="2.16.840.1.113883.10.20.22.1.1" extension="2015-08-01"/>
<id root="2.16.840.1.113883.19.771" extension="DOC771200"/>
<code code="34133-9" codeSystem="2.16.840.1.113883.6.1" displayName="Summarization of Episode Note"/>
<title>Summary of Ottilie Trzebiatowski</title><effectiveTime value="20240312101500+0100"/>
<confidentialityCode code="N" codeSystem="2.16.840.1.113883.5.25"/><languageCode code="en-US"/>
<setId root="3C3B6A5E-1F52-4E4F-8F0A-0123456789AB"/><versionNumber value="2"/>
<recordTarget><patientRole><id root="2.16.840.1.113883.4.1" extension="219-09-9999"/><id root="2.16.840.1.113883.19.5" extension="48120677" assigningAuthorityName="St Hilda Hospital"/>
<addr use="HP"><streetAddressLine>14 Quillfeather Lane</streetAddressLine><city>Ambleton</city><state>MA</state><postalCode>02139</postalCode><country>US</country></addr>
<telecom value="tel:+1(617)555-8842" use="HP"/><telecom value="mailto:ottilie@hilda.example"/>
<patient><name use="L"><prefix>Mrs.</prefix><given>Ottilie</given><given>Quenby</given><family>Trzebiatowski</family></name><name>Tilly Trzebiatowski</name>
<administrativeGenderCode code="F" codeSystem="2.16.840.1.113883.5.1"/><birthTime value="19710523"/><sdtc:deceasedTime value="20240311"/>
<guardian><addr><streetAddressLine>9 Larkspur Way</streetAddressLine></addr><guardianPerson><name><given>Benedikt</given><family>Osterhagen</family></name></guardianPerson></guardian></patient>
<providerOrganization><id root="2.16.840.1.113883.4.6" extension="1881882883"/><name>St Hilda Hospital</name></providerOrganization></patientRole></recordTarget>
<author><time value="20240312"/><assignedAuthor><id root="2.16.840.1.113883.4.6" extension="7120001"/><assignedPerson><name>Piet Vandersloot</name></assignedPerson></assignedAuthor></author>
"#;

fn with(body: &str) -> String {
    let output = cleaned_document(format!("{HEADER}<component><structuredBody>{body}</structuredBody></component></ClinicalDocument>").as_bytes());
    let lower = output.to_lowercase();
    for value in [
        "trzebiatowski",
        "ottilie",
        "quenby",
        "tilly",
        "48120677",
        "219-09-9999",
        "quillfeather",
        "ambleton",
        "5558842",
        "555-8842",
        "19710523",
        "hilda",
        "osterhagen",
        "larkspur",
        "vandersloot",
        "7120001",
        "1881882883",
        "doc771200",
        "3c3b6a5e",
        "20240312",
        "20240311",
    ] {
        assert!(!lower.contains(value), "{value} in {output}");
    }
    output
}

fn section(inside: &str) -> String {
    with(&format!(
        "<component><section><title>Results</title>{inside}</section></component>"
    ))
}

#[test]
fn an_organisation_goes_from_texts_and_names_of_software() {
    let output = with(
        "<section><title>Social</title><text>Hurt at Kestrel Quoll Shipyard.</text><entry><act classCode=\"ACT\" moodCode=\"EVN\">\
         <participant typeCode=\"IND\"><associatedEntity classCode=\"EMP\"><scopingOrganization><name>Kestrel Quoll Shipyard</name>\
         </scopingOrganization></associatedEntity></participant><author><time value=\"20240312\"/><assignedAuthor>\
         <id root=\"2.16.840.1.113883.4.6\" extension=\"7120001\"/><assignedAuthoringDevice><manufacturerModelName>Kestrel Quoll Shipyard records\
         </manufacturerModelName><softwareName>Trzebiatowski chart</softwareName></assignedAuthoringDevice></assignedAuthor></author></act></entry></section>",
    );
    assert!(!output.to_lowercase().contains("kestrel"), "{output}");
    assert!(output.contains(" records"), "{output}");
}

#[test]
fn the_header_loses_its_people_and_keeps_its_structure() {
    let output = with("");
    for kept in [
        r#"<typeId root="2.16.840.1.113883.1.3" extension="POCD_HD000040"/>"#,
        r#"<templateId root="2.16.840.1.113883.10.20.22.1.1" extension="2015-08-01"/>"#,
        r#"code="34133-9""#,
        "Summarization of Episode Note",
        r#"<versionNumber value="2"/>"#,
        "<state>MA</state>",
        "<postalCode>021</postalCode>",
        r#"<id root="2.16.840.1.113883.4.1" extension="9"#,
        "101500+0100",
        "<prefix>Mrs.</prefix>",
    ] {
        assert!(output.contains(kept), "{kept} gone from {output}");
    }
    assert!(output.contains(r#"<telecom value="tel:"#) && output.contains(r#"value="mailto:"#));
    assert!(
        !output.contains("xml-stylesheet")
            && !output.contains("<!--")
            && !output.contains("xmlns:h")
    );
}

#[test]
fn the_patient_is_the_one_of_the_messages() {
    let output = with("");
    let message = "MSH|^~\\&|LAB||||20240312||ORU^R01|1|P|2.5\rPID|1||48120677^^^HILDA^MR||Trzebiatowski^Ottilie||19710523|F\r";
    let mut written = Vec::new();
    scene::messages()
        .message(message.as_bytes(), &mut written)
        .unwrap();
    let written = String::from_utf8(written).unwrap();
    let pid: Vec<&str> = written.split("PID|").nth(1).unwrap().split('|').collect();
    let number = pid[2].split('^').next().unwrap();
    assert!(
        output.contains(&format!(r#"extension="{number}""#)),
        "{number} not in {output}"
    );
    assert!(output.contains(&format!(r#"<birthTime value="{}"/>"#, pid[6])));
    assert!(output.contains(&format!(
        "<family>{}</family>",
        pid[4].split('^').next().unwrap()
    )));
}

#[test]
fn a_name_across_markup_is_found() {
    for text in [
        "<paragraph>Seen: <content>Ottilie</content> <content>Trze</content>biatowski, sodium normal.</paragraph>",
        "<paragraph>Seen: Ottilie<br/>Trzebiatowski, sodium normal.</paragraph>",
        "<table><tbody><tr><td>Ottilie Trzebiatowski</td><td>sodium normal</td></tr></tbody></table>",
        "<list><item><caption>Ottilie</caption>sodium normal</item></list>",
        "sodium normal for &#79;ttilie <![CDATA[Trzebiatowski]]>",
        r#"<paragraph ID="Ottilie">sodium normal</paragraph><renderMultiMedia referencedObject="Ottilie"/>"#,
        r#"<linkHtml href="http://hilda.example/?mrn=48120677" title="Ottilie">sodium normal</linkHtml>"#,
        "<made-up>Ottilie <other>Trzebiatowski</other></made-up>sodium normal",
    ] {
        let output = section(&format!("<text>{text}</text>"));
        assert!(output.contains("sodium normal"), "{output}");
    }
}

#[test]
fn links_inside_the_document_still_lead_somewhere() {
    let output = section(
        r##"<text><content ID="Result1">Potassium 4.1 mmol/L</content></text><entry><observation classCode="OBS" moodCode="EVN"><text><reference value="#Result1"/></text></observation></entry>"##,
    );
    let anchor = output
        .split(" ID=\"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    assert!(
        output.contains(&format!("<reference value=\"#{anchor}\"/>"))
            && !output.contains("Result1")
    );
    assert!(output.contains("Potassium 4.1 mmol/L"));
}

#[test]
fn entries_keep_codes_and_numbers_and_lose_people() {
    let output = section(
        r#"<entry><observation classCode="OBS" moodCode="EVN"><id root="9a6d1bac-17d3-4195-89a4-1121bc809b4d"/><id root="1.2.3.4" extension="ORD772001"/>
        <code code="2823-3" codeSystem="2.16.840.1.113883.6.1" displayName="Potassium"><originalText>asked by Ottilie</originalText></code><statusCode code="completed"/>
        <effectiveTime xsi:type="IVL_TS"><low value="20240312"/><high nullFlavor="UNK"/></effectiveTime><value xsi:type="PQ" value="4.1" unit="mmol/L"/>
        <value xsi:type="CD" code="48120677" displayName="Ottilie"/><value xsi:type="ST">told by Ottilie Trzebiatowski</value><value xsi:type="IVL_PQ"><low value="3.5" unit="mmol/L"/></value>
        <value xsi:type="PQ" value="93" unit="a"/><value xsi:type="QX" value="Ottilie">Trzebiatowski</value>
        <performer><assignedEntity><id extension="7120001" root="1.2.3.4"/><assignedPerson><name><given>Piet</given><family>Vandersloot</family></name></assignedPerson></assignedEntity></performer>
        <participant typeCode="DEV"><participantRole><playingEntity classCode="PSN"><name>Ottilie Trzebiatowski</name></playingEntity></participantRole></participant>
        <unheardOf value="Ottilie" extension="48120677">Trzebiatowski</unheardOf><h:note>Ottilie</h:note><sdtc:unheardOf extension="48120677"/></observation></entry>"#,
    );
    for kept in [
        r#"code="2823-3""#,
        r#"displayName="Potassium""#,
        r#"<statusCode code="completed"/>"#,
        r#"<value xsi:type="PQ" value="4.1" unit="mmol/L"/>"#,
        r#"<low value="3.5" unit="mmol/L"/>"#,
        r#"<high nullFlavor="UNK"/>"#,
        r#"value="90" unit="a""#,
    ] {
        assert!(output.contains(kept), "{kept} gone from {output}");
    }
    assert!(
        !output.contains("9a6d1bac") && !output.contains("ORD772001") && !output.contains("h:note")
    );
}

#[test]
fn embedded_documents_are_cleaned_or_withheld() {
    let letter =
        BASE64_STANDARD.encode("Letter about Ottilie Trzebiatowski. Potassium was 4.1 mmol/L.");
    let run = |attributes: &str, text: &str| {
        let document = format!(
            "{HEADER}<component><nonXMLBody><text {attributes}>{text}</text></nonXMLBody></component></ClinicalDocument>"
        );
        cleaned_document(document.as_bytes())
    };
    let output = run(
        r#"mediaType="text/plain" representation="B64""#,
        &format!("\n{letter}\n"),
    );
    let data = output
        .split("representation=\"B64\">")
        .nth(1)
        .unwrap()
        .split('<')
        .next()
        .unwrap();
    let text = String::from_utf8(BASE64_STANDARD.decode(data.trim()).unwrap()).unwrap();
    assert!(
        text.contains("4.1 mmol/L") && !text.contains("Ottilie"),
        "{text}"
    );
    for (attributes, text) in [
        (r#"mediaType="text/plain" representation="B64""#, "!!!"),
        (
            r#"mediaType="text/plain" representation="B64" compression="DF""#,
            letter.as_str(),
        ),
    ] {
        let output = run(attributes, text);
        assert!(
            output.contains("nullFlavor=\"MSK\"") && !output.contains(text),
            "{output}"
        );
    }
}

/// The type of the value of media is fixed, so no `xsi:type` says that it is a document.
#[test]
fn media_without_a_type_is_a_document() {
    let short = BASE64_STANDARD.encode("xx Quenby");
    let output = section(&format!(
        r#"<entry><observationMedia classCode="OBS" moodCode="EVN" ID="MM1"><id root="1.2.3"/><value mediaType="image/jpeg" representation="B64">{short}</value></observationMedia></entry>"#
    ));
    assert!(!output.contains(&short), "{output}");
    assert!(output.contains("observationMedia"), "{output}");
}

#[test]
fn what_a_profile_keeps_stays_and_is_counted() {
    let document = format!("{HEADER}<component/></ClinicalDocument>");
    let deidentifier = DocumentDeidentifier::new(scene::rules(Profile::limited_data_set()));
    let mut output = Vec::new();
    let tally = deidentifier
        .document(document.as_bytes(), &mut output)
        .unwrap();
    let output = String::from_utf8(output).unwrap();
    assert!(
        output.contains(r#"<birthTime value="19710523"/>"#)
            && output.contains("<city>Ambleton</city>")
    );
    assert!(!output.contains("Trzebiatowski"));
    assert!(tally.total(Operation::Replaced) > 5);
    assert!(tally.elements().any(|(element, _, _)| element == "family"));
}

#[test]
fn a_refused_document_leaves_nothing() {
    let deidentifier = DocumentDeidentifier::new(scene::rules(Profile::safe_harbor()));
    for document in [
        "",
        "<a/>",
        "{}",
        "<!DOCTYPE x><ClinicalDocument xmlns=\"urn:hl7-org:v3\"/>",
    ] {
        let mut output = Vec::new();
        assert!(
            deidentifier
                .document(document.as_bytes(), &mut output)
                .is_err()
        );
        assert!(output.is_empty());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(48) })]

    #[test]
    fn numbers_and_codes_come_out_as_they_went_in(value in "[0-9]{1,3}\\.[0-9]", code in "[0-9]{4,5}-[0-9]") {
        let entry = format!(r#"<observation classCode="OBS" moodCode="EVN"><code code="{code}" codeSystem="2.16.840.1.113883.6.1"/><value xsi:type="PQ" value="{value}" unit="mg"/></observation>"#);
        let document = format!(r#"<ClinicalDocument xmlns="urn:hl7-org:v3" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">{entry}</ClinicalDocument>"#);
        let output = cleaned_document(document.as_bytes());
        prop_assert!(output.contains(&entry), "{}", output);
    }
}
