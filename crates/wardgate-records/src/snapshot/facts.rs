//! Turns records into the facts that a decision reads.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use wardgate_authz::{
    Agreement, AppFacts, AsOf, ConsentDomain, Containment, Fact, Facts, PersonFacts, Prepared,
    SystemFacts, Training, VendorFacts,
};

use super::{Records, Snapshot, Versioned};
use crate::record::{
    App, AppState, Flow, FlowState, Person, PersonState, Settings, System, Vendor,
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
}

impl Snapshot {
    /// The facts about the parties of a call. What is not on file is a missing fact.
    ///
    /// Recipient and region of the call are the system's vendor and where that processes.
    #[must_use]
    pub fn facts(&self, ask: &Ask<'_>) -> Facts {
        let records = &self.records;
        let system = records.systems.get(ask.system);
        let vendor_id = system.map(|system| system.system.record.vendor.as_str());
        let course =
            system.map(|system| course_of(&system.system.record, &records.settings.record));
        let person = ask.person.zip(course).and_then(|(person, course)| {
            let people = records.prepared.people.get(course)?;
            people.get(person).map(Arc::clone)
        });
        Facts {
            snapshot_as_of: self.as_of,
            app: records.prepared.apps.get(ask.app).map(Arc::clone),
            system: records.prepared.systems.get(ask.system).map(Arc::clone),
            vendor: vendor_id
                .and_then(|id| records.prepared.vendors.get(id))
                .map(Arc::clone),
            person,
            flow_declared: self.flow_declared(ask),
            containment: Some(records.fact(Containment::Open, "incidents".to_owned(), 0)),
        }
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
    vendors: HashMap<String, Arc<Prepared<VendorFacts>>>,
    /// By course, then by person: which course counts depends on the system called.
    people: HashMap<String, HashMap<String, Arc<Prepared<PersonFacts>>>>,
}

/// Makes the facts of all records ready.
pub(crate) fn prepare(records: &Records) -> PreparedFacts {
    let settings = &records.settings.record;
    let courses: BTreeSet<&str> = records
        .systems
        .values()
        .map(|system| course_of(&system.system.record, settings))
        .collect();
    let people = |course: &str| {
        let of_one = |(id, person): (&String, &Arc<Versioned<Person>>)| {
            (
                id.clone(),
                Prepared::new(person_facts(records, person, course)),
            )
        };
        records.people.iter().map(of_one).collect()
    };
    PreparedFacts {
        apps: records
            .apps
            .iter()
            .map(|(id, app)| (id.clone(), Prepared::new(app_facts(records, app))))
            .collect(),
        systems: records
            .systems
            .iter()
            .map(|(id, system)| {
                let facts = system_facts(records, &system.system);
                (id.clone(), Prepared::new(facts))
            })
            .collect(),
        vendors: records
            .vendors
            .iter()
            .map(|(id, vendor)| (id.clone(), Prepared::new(vendor_facts(records, vendor))))
            .collect(),
        people: courses
            .into_iter()
            .map(|course| (course.to_owned(), people(course)))
            .collect(),
    }
}

/// What holds for a patient without an applicable consent.
pub(crate) const fn consent_domain(settings: &Settings) -> ConsentDomain {
    ConsentDomain {
        default: settings.consent_default,
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

fn system_facts(records: &Records, system: &Versioned<System>) -> SystemFacts {
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
        person_required: Some(records.fact(system.requires.person, source(), version)),
    }
}

fn person_facts(records: &Records, person: &Versioned<Person>, course: &str) -> PersonFacts {
    let source = || format!("person/{}", person.id);
    let version = person.version;
    // A suspended person keeps the record and loses the roles.
    let roles = match person.state {
        PersonState::Active => person.roles.clone(),
        PersonState::Suspended => Vec::new(),
    };
    let training = Training {
        course: course.to_owned(),
        until: person
            .trainings
            .iter()
            .find(|training| training.course == course)
            .map(|training| training.expires),
    };
    PersonFacts {
        id: person.id.clone(),
        roles: Some(records.fact(roles, source(), version)),
        training: Some(records.fact(training, source(), version)),
        mfa_level: Some(records.fact(person.mfa, source(), version)),
    }
}

/// The course that a person needs for a system.
fn course_of<'r>(system: &'r System, settings: &'r Settings) -> &'r str {
    system
        .requires
        .training
        .as_deref()
        .unwrap_or(&settings.training)
}
