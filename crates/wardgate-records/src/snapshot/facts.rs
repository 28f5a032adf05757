//! Turns records into the facts that a decision reads.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use jiff::Timestamp;
use wardgate_authz::{
    Agreement, AppFacts, AsOf, BreakGlass, Care, ConsentDomain, Containment, Fact, Facts,
    PersonFacts, Prepared, SystemFacts, Training, VendorFacts,
};

use wardgate_vault::PatientHandle;

use super::{InventorySystem, Records, Snapshot, Versioned};
use crate::RecordId;
use crate::record::{
    Acts, App, AppState, CareRelationship, Flow, FlowState, Person, PersonState, Settings, System,
    Vendor,
};

/// The parties of a call, whose facts are asked for.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    /// The calling app.
    pub app: &'a str,
    /// The person it acts for.
    pub person: Option<&'a str>,
    /// The id of the system called.
    pub system: &'a str,
    /// The code of the purpose.
    pub purpose: &'a str,
    /// The data class.
    pub data_class: &'a str,
    /// The patient on file that the call is about.
    pub patient: Option<PatientHandle>,
    /// The emergency access that the call names.
    pub break_glass: Option<RecordId>,
    /// When.
    pub now: Timestamp,
}

impl Snapshot {
    /// The facts about the parties of a call. What is not on file is a missing fact.
    ///
    /// Recipient and region of the call are the system's vendor and where that processes.
    #[must_use]
    pub fn facts(&self, ask: &Ask<'_>) -> Facts {
        let records = &self.records;
        let prepared = &records.prepared;
        let system = records.systems.get(ask.system);
        let person = ask.person.zip(system).and_then(|(person, system)| {
            let course = Course::of(&system.system.record, &records.settings.record);
            prepared.people.get(&course)?.get(person).map(Arc::clone)
        });
        let app = records.apps.get(ask.app);
        let for_people = app.is_some_and(|app| app.acts == Acts::ForPeople);
        let systems = match for_people {
            true => &prepared.systems_for_people,
            false => &prepared.systems,
        };
        Facts {
            snapshot_as_of: self.as_of,
            app: prepared.apps.get(ask.app).map(Arc::clone),
            system: systems.get(ask.system).map(Arc::clone),
            vendor: system
                .and_then(|system| prepared.vendors.get(&system.vendor))
                .map(Arc::clone),
            person,
            flow_declared: self.flow_declared(ask),
            containment: Some(records.fact(Containment::Open, "incidents".to_owned(), 0)),
            care: Some(records.fact(self.care(ask), "care_team".to_owned(), 0)),
            break_glass: Some(self.break_glass(ask)),
        }
    }

    fn care(&self, ask: &Ask<'_>) -> Care {
        if self.settings().care_relationship == CareRelationship::Off {
            return Care::NotAsked;
        }
        let carers = ask.patient.map_or(&[][..], |patient| self.carers(patient));
        let cares = carers
            .iter()
            .any(|carer| Some(carer.person.as_str()) == ask.person && carer.cares_at(ask.now));
        if cares { Care::Current } else { Care::Missing }
    }

    /// Where nothing is open, the source is the same whoever is meant: it must not tell.
    fn break_glass(&self, ask: &Ask<'_>) -> Fact<BreakGlass> {
        let named = ask.break_glass.zip(ask.person).zip(ask.patient);
        let open = named.and_then(|((id, person), patient)| {
            self.break_glass_open(id, person, patient, ask.now)
        });
        let (value, source) = match open {
            None => (BreakGlass::NotOpen, "break_glass".to_owned()),
            Some(access) => (
                BreakGlass::Open {
                    until: access.until,
                },
                format!("break_glass/{}", access.id),
            ),
        };
        self.records.fact(value, source, 0)
    }

    fn flow_declared(&self, ask: &Ask<'_>) -> Option<Fact<bool>> {
        let system = self.system(ask.system)?;
        let vendor = self.vendor(&system.vendor)?;
        let id = Flow::id_of(&[
            ask.app,
            ask.system,
            ask.purpose,
            ask.data_class,
            &vendor.id,
            &vendor.region,
        ]);
        let flow = self.records.flows.get(&id);
        let declared = flow.is_some_and(|flow| flow.state == FlowState::Declared);
        let version = flow.map_or(0, |flow| flow.version);
        Some(self.records.fact(declared, format!("flow/{id}"), version))
    }
}

/// Facts made ready, by the ids of their records.
#[derive(Debug, Default)]
pub(crate) struct PreparedFacts {
    apps: HashMap<String, Arc<Prepared<AppFacts>>>,
    systems: HashMap<String, Arc<Prepared<SystemFacts>>>,
    /// The same for apps that act for people: they need a person on each call.
    systems_for_people: HashMap<String, Arc<Prepared<SystemFacts>>>,
    vendors: HashMap<String, Arc<Prepared<VendorFacts>>>,
    /// What counts of a person depends on what the system needs.
    people: HashMap<Course, HashMap<String, Arc<Prepared<PersonFacts>>>>,
}

/// The course that a system needs of the person who acts.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Course(String);

impl Course {
    fn of(system: &System, settings: &Settings) -> Self {
        let course = system.requires.training.as_ref();
        Self(course.unwrap_or(&settings.training).clone())
    }
}

/// Makes the facts of all records ready.
pub(crate) fn prepare(records: &Records) -> PreparedFacts {
    let settings = &records.settings.record;
    let courses: HashSet<Course> = records
        .systems
        .values()
        .map(|system| Course::of(&system.system.record, settings))
        .collect();
    let people = |course: &Course| {
        let of_one = |(id, person): (&String, &Arc<Versioned<Person>>)| {
            let facts = person_facts(records, person, course);
            (id.clone(), Prepared::new(facts))
        };
        records.people.iter().map(of_one).collect()
    };
    let systems = |for_people: bool| {
        let of_one = |(id, system): (&String, &Arc<InventorySystem>)| {
            let facts = system_facts(records, &system.system, for_people);
            (id.clone(), Prepared::new(facts))
        };
        records.systems.iter().map(of_one).collect()
    };
    PreparedFacts {
        apps: records
            .apps
            .iter()
            .map(|(id, app)| (id.clone(), Prepared::new(app_facts(records, app))))
            .collect(),
        systems: systems(false),
        systems_for_people: systems(true),
        vendors: records
            .vendors
            .iter()
            .map(|(id, vendor)| (id.clone(), Prepared::new(vendor_facts(records, vendor))))
            .collect(),
        people: courses
            .into_iter()
            .map(|course| {
                let people = people(&course);
                (course, people)
            })
            .collect(),
    }
}

/// How the hospital handles consents.
pub(crate) fn consent_domain(settings: &Settings) -> ConsentDomain {
    ConsentDomain {
        default: settings.consent_default,
        conflict: settings.consent_conflict,
        explicit_labels: settings.consent_explicit_labels.clone(),
        groups: wardgate_authz::Groups::default(),
    }
}

impl Records {
    fn fact<T>(&self, value: T, source: String, version: u64) -> Fact<T> {
        Fact {
            value,
            source,
            version,
            as_of: AsOf::Snapshot,
            max_age_ms: self.settings.record.fact_age_max_ms,
        }
    }
}

fn app_facts(records: &Records, app: &Versioned<App>) -> AppFacts {
    // A suspended app keeps its record and loses its grants.
    let systems = match app.state {
        AppState::Active => app.systems.clone(),
        AppState::Suspended => Vec::new(),
    };
    AppFacts {
        id: app.id.clone(),
        systems: Some(records.fact(systems, format!("app/{}", app.id), app.version)),
    }
}

fn vendor_facts(records: &Records, vendor: &Versioned<Vendor>) -> VendorFacts {
    let source = || format!("vendor/{}", vendor.id);
    let agreement = vendor
        .agreement
        .as_ref()
        .map_or(Agreement::None, |agreement| Agreement::Signed {
            from: agreement.effective,
            until: agreement.expires,
        });
    VendorFacts {
        id: vendor.id.clone(),
        state: Some(records.fact(vendor.state, source(), vendor.version)),
        agreement: Some(records.fact(agreement, source(), vendor.version)),
        region: Some(records.fact(vendor.region.clone(), source(), vendor.version)),
    }
}

fn system_facts(records: &Records, system: &Versioned<System>, for_people: bool) -> SystemFacts {
    let source = || format!("system/{}", system.id);
    let version = system.version;
    let purposes = system
        .purposes
        .iter()
        .filter_map(|code| code.parse().ok())
        .collect();
    SystemFacts {
        id: system.id.clone(),
        vendor: system.vendor.clone(),
        state: Some(records.fact(system.state, source(), version)),
        // Nothing measures yet what an upstream serves: the inventory's digest is taken for it.
        digest_match: Some(records.fact(true, source(), version)),
        assessed_until: Some(records.fact(system.assessed_until, source(), version)),
        critical_findings_overdue: Some(records.fact(system.findings_overdue, source(), version)),
        allowed_purposes: Some(records.fact(purposes, source(), version)),
        allowed_data_classes: Some(records.fact(system.data_classes.clone(), source(), version)),
        person_required: Some(records.fact(
            system.requires.person || for_people,
            source(),
            version,
        )),
        mfa_min: Some(records.fact(system.requires.mfa, source(), version)),
    }
}

fn person_facts(records: &Records, person: &Versioned<Person>, course: &Course) -> PersonFacts {
    let source = || format!("person/{}", person.id);
    let version = person.version;
    // A suspended person keeps the record and loses the roles.
    let roles = match person.state {
        PersonState::Active => person.roles.clone(),
        PersonState::Suspended => Vec::new(),
    };
    let training = Training {
        course: course.0.clone(),
        until: person
            .trainings
            .iter()
            .find(|training| training.course == course.0)
            .map(|training| training.expires),
    };
    PersonFacts {
        id: person.id.clone(),
        roles: Some(records.fact(roles, source(), version)),
        training: Some(records.fact(training, source(), version)),
        mfa_level: Some(records.fact(person.mfa, source(), version)),
        break_glass: Some(records.fact(person.break_glass, source(), version)),
    }
}
