//! One document in the making: its persons, its day, its own habits, and how slots are filled.

use crate::calendar::{self, Day, Shape};
use crate::contact;
use crate::draft::Draft;
use crate::facility::{self, Facility};
use crate::identifier::{self, Number};
use crate::note::{Kind, Lang};
use crate::person::{NameStyle, Person};
use crate::place;
use crate::random::Random;
use crate::template::{Class, Field, Node, PersonForm, Region, Role, Slot, WordList};

/// What one document keeps to from beginning to end.
#[derive(Debug)]
pub(crate) struct Chart {
    pub(crate) random: Random,
    pub(crate) lang: Lang,
    pub(crate) region: Region,
    names: NameStyle,
    persons: Vec<Option<Person>>,
    /// The field's index and the value that it keeps.
    kept: Vec<(usize, Facility)>,
    day: Day,
    born: Day,
    date_shape: Shape,
    phone_shape: &'static str,
    record_shape: &'static str,
}

impl Chart {
    pub(crate) fn new(mut random: Random, lang: Lang, region: Option<Region>) -> Self {
        let regions = [Region::Us, Region::Uk, Region::De, Region::Es];
        let region = region.unwrap_or_else(|| random.pick(&regions).copied().unwrap_or(Region::Us));
        // 1998 to 2034, most of it lately.
        let day = if random.percent(70) {
            Day(random.between(17_500, 21_000))
        } else {
            Day(random.between(10_300, 23_700))
        };
        let born = Day(day.0 - random.between(20, 33_000));
        let date_shape = calendar::own_shape(&mut random, region, lang);
        let phone_shape = random.of(contact::phone_shapes(region));
        let record_shape = random.of(identifier::record_shapes(region));
        let names = NameStyle::own(&mut random, region);
        Self {
            random,
            lang,
            region,
            names,
            persons: vec![None; ROLES],
            kept: Vec::new(),
            day,
            born,
            date_shape,
            phone_shape,
            record_shape,
        }
    }

    /// Writes nodes, with the lists of their file.
    pub(crate) fn write(&mut self, nodes: &[Node], lists: &[WordList], draft: &mut Draft) {
        for node in nodes {
            match node {
                Node::Text(text) => draft.push(text),
                Node::Class(class) => {
                    let c = self.character(*class);
                    draft.push_char(c);
                }
                Node::Choice(branches) => {
                    if let Some(branch) = self.random.pick(branches) {
                        self.write(branch, lists, draft);
                    }
                }
                Node::List(index) => {
                    let items = lists.get(*index).map_or(&[][..], |list| &list.items);
                    if let Some(item) = self.random.pick(items) {
                        self.write(item, lists, draft);
                    }
                }
                Node::Number {
                    low,
                    high,
                    decimals,
                } => {
                    let value = self.random.between(*low, *high);
                    draft.push(&decimal(value, *decimals));
                }
                Node::Gold(kind, inner) => {
                    let began = draft.begin(*kind);
                    self.write(inner, lists, draft);
                    draft.end(began);
                }
                Node::Slot(slot) => self.slot(*slot, draft),
            }
        }
    }

    pub(crate) fn slot(&mut self, slot: Slot, draft: &mut Draft) {
        match slot {
            Slot::Person(role, form) => self.person(role, form, draft),
            Slot::Date(style, offset) => {
                let shape = match style {
                    Some(style) => calendar::shape_of(style, &mut self.random, self.lang),
                    None => self.date_shape(),
                };
                let text = calendar::write(Day(self.day.0 + offset), shape, self.lang);
                draft.gold(Kind::Date, &text);
            }
            Slot::Birth(style) => {
                let shape = match style {
                    Some(style) => calendar::shape_of(style, &mut self.random, self.lang),
                    None => with_year(self.date_shape(), self.region),
                };
                let text = calendar::write(self.born, shape, self.lang);
                draft.gold(Kind::Date, &text);
            }
            Slot::Year(offset) => {
                let year = Day(self.day.0 + offset).civil().year - self.random.between(0, 15);
                draft.gold(Kind::Other, &year.to_string());
            }
            Slot::Weekday(offset) => draft.push(Day(self.day.0 + offset).weekday(self.lang)),
            Slot::Time => {
                let time = self.time();
                draft.push(&time);
            }
            Slot::Age => {
                let age = ((self.day.0 - self.born.0) / 365).clamp(1, 89);
                draft.gold(Kind::AgeU90, &age.to_string());
            }
            Slot::Age90 => {
                let age = self.random.between(90, 104);
                draft.gold(Kind::Age, &age.to_string());
            }
            Slot::New => {
                self.persons.fill(None);
                self.kept.clear();
                self.born = Day(self.day.0 - self.random.between(20, 33_000));
            }
            Slot::Field(field) => self.field(field, draft),
        }
    }

    fn person(&mut self, role: Role, form: PersonForm, draft: &mut Draft) {
        self.acquaint(role);
        let doctor = matches!(
            role,
            Role::Doctor | Role::Doctor2 | Role::Doctor3 | Role::Nurse
        );
        let Some(Some(person)) = self.persons.get(role as usize) else {
            return;
        };
        if let PersonForm::Word(word) = form {
            draft.push(person.word(word, self.lang));
            return;
        }
        let name = person.name(form, self.names, doctor, &mut self.random);
        draft.gold(Kind::Name, &name);
    }

    /// Invents who plays a role, once.
    fn acquaint(&mut self, role: Role) {
        if let Some(place @ None) = self.persons.get_mut(role as usize) {
            *place = Some(Person::invent(&mut self.random, self.region));
        }
    }

    fn field(&mut self, field: Field, draft: &mut Draft) {
        let region = self.region;
        match field {
            Field::Street => {
                let street = place::street(&mut self.random, region);
                draft.gold(Kind::Location, &street);
            }
            Field::StreetName => {
                let street = place::street_name(&mut self.random, region);
                draft.gold(Kind::Location, &street);
            }
            Field::City => {
                let city = self.keep(field, 60, |random| place::city(random, region));
                draft.gold(Kind::Location, &city);
            }
            Field::State | Field::StateAbbr => {
                let state = place::state(&mut self.random, region, field == Field::StateAbbr);
                draft.gold(Kind::State, &state);
            }
            Field::Zip => draft.gold(Kind::Location, &place::zip(&mut self.random, region)),
            Field::County => draft.gold(Kind::Location, &place::county(&mut self.random, region)),
            Field::Country => {
                draft.gold(Kind::Country, place::country(&mut self.random, self.lang))
            }
            Field::Address => place::address(draft, &mut self.random, region),
            Field::Hospital
            | Field::HospitalShort
            | Field::Clinic
            | Field::Pharmacy
            | Field::NursingHome
            | Field::Lab
            | Field::Facility => self.facility(field, draft),
            Field::Employer | Field::School | Field::Insurer => {
                let name = facility::organisation(&mut self.random, region, field);
                draft.gold(Kind::Org, &name);
            }
            Field::Phone | Field::Fax => {
                let shape = if self.random.percent(80) {
                    self.phone_shape
                } else {
                    self.random.of(contact::phone_shapes(region))
                };
                let kind = if field == Field::Fax {
                    Kind::Fax
                } else {
                    Kind::Phone
                };
                draft.gold(kind, &self.random.fill(shape));
            }
            Field::Email | Field::Url => self.address_of_web(field, draft),
            Field::Ip => draft.gold(Kind::Ip, &contact::ip(&mut self.random)),
            Field::Mrn => {
                let shape = self.record_shape;
                let number = self.keep(field, 92, |random| random.fill(shape));
                draft.gold(Kind::Mrn, &number);
            }
            _ => self.number(field, draft),
        }
    }

    fn number(&mut self, field: Field, draft: &mut Draft) {
        let region = self.region;
        let (kind, number, percent) = match field {
            Field::Ssn => (Kind::Ssn, Number::Ssn, 90),
            Field::HealthPlan => (Kind::HealthPlan, Number::HealthPlan, 85),
            Field::Account => (Kind::Account, Number::Account, 30),
            Field::License => (Kind::License, Number::License, 10),
            Field::Npi => (Kind::License, Number::Npi, 10),
            Field::Vin => (Kind::Vehicle, Number::Vin, 60),
            Field::Plate => (Kind::Vehicle, Number::Plate, 40),
            Field::Device => (Kind::Device, Number::Device, 20),
            Field::Accession => (Kind::Id, Number::Accession, 20),
            Field::Nhs => (Kind::HealthPlan, Number::Nhs, 90),
            _ => (Kind::Id, Number::Id, 10),
        };
        let text = self.keep(field, percent, |random| {
            identifier::write(random, region, number)
        });
        draft.gold(kind, &text);
    }

    fn address_of_web(&mut self, field: Field, draft: &mut Draft) {
        self.acquaint(Role::Patient);
        let Some(Some(person)) = self.persons.first() else {
            return;
        };
        if field == Field::Email {
            let address = contact::email(&mut self.random, self.region, person);
            draft.gold(Kind::Email, &address);
        } else {
            let address = contact::url(&mut self.random, person);
            draft.gold(Kind::Url, &address);
        }
    }

    fn facility(&mut self, field: Field, draft: &mut Draft) {
        let key = if field == Field::HospitalShort {
            Field::Hospital
        } else {
            field
        };
        let known = self
            .kept
            .iter()
            .find(|(index, _)| *index == key.index())
            .cloned();
        let again = known.is_some();
        let place = match known {
            Some((_, place)) if self.random.percent(85) => place,
            _ => {
                let place = facility::invent(&mut self.random, self.region, key);
                self.kept.push((key.index(), place.clone()));
                place
            }
        };
        let percent = if again { 25 } else { 8 };
        let short = field == Field::HospitalShort || self.random.percent(percent);
        draft.gold(
            Kind::Facility,
            if short { &place.short } else { &place.full },
        );
    }

    /// The document's value of a field in `percent` of 100 uses, else a new one.
    fn keep(&mut self, field: Field, percent: u32, make: impl Fn(&mut Random) -> String) -> String {
        let known = self.kept.iter().find(|(index, _)| *index == field.index());
        match known {
            Some((_, value)) if self.random.percent(percent) => value.full.clone(),
            _ => {
                let full = make(&mut self.random);
                let value = Facility {
                    full: full.clone(),
                    short: String::new(),
                };
                self.kept.push((field.index(), value));
                full
            }
        }
    }

    /// The document's own shape of dates; now and then another.
    fn date_shape(&mut self) -> Shape {
        if self.random.percent(88) {
            return self.date_shape;
        }
        calendar::own_shape(&mut self.random, self.region, self.lang)
    }

    fn time(&mut self) -> String {
        let (hour, minute) = (self.random.between(0, 23), self.random.between(0, 59));
        let shape = if self.lang == Lang::En {
            self.random.below(5)
        } else {
            4
        };
        let half = if hour < 12 { "AM" } else { "PM" };
        let twelve = if hour % 12 == 0 { 12 } else { hour % 12 };
        match shape {
            0 => format!("{twelve}:{minute:02} {half}"),
            1 => format!("{hour:02}{minute:02}"),
            2 => format!("{twelve}:{minute:02}{}", half.to_lowercase()),
            3 => format!("{twelve} {}", half.to_lowercase()),
            _ => format!("{hour:02}:{minute:02}"),
        }
    }

    fn character(&mut self, class: Class) -> char {
        match class {
            Class::Digit => self.random.digit(0),
            Class::DigitFromOne => self.random.digit(1),
            Class::Upper => self.random.letter(),
            Class::Lower => self.random.letter().to_ascii_lowercase(),
            Class::Hex => {
                let value = u32::try_from(self.random.below(16)).unwrap_or(0);
                char::from_digit(value, 16).unwrap_or('0')
            }
        }
    }
}

/// A birthday has a year.
fn with_year(shape: Shape, region: Region) -> Shape {
    if shape.contains(['Y', 'y']) {
        return shape;
    }
    match region {
        Region::Us => "M/D/Y",
        Region::De => "D.M.Y",
        Region::Uk | Region::Es => "D/M/Y",
    }
}

/// A number in units of a power of ten.
fn decimal(value: i64, decimals: u32) -> String {
    if decimals == 0 {
        return value.to_string();
    }
    let unit = 10_i64.pow(decimals.min(6));
    let sign = if value < 0 { "-" } else { "" };
    let (whole, part) = (value.abs() / unit, value.abs() % unit);
    format!("{sign}{whole}.{part:0width$}", width = decimals as usize)
}

/// How many roles there are.
const ROLES: usize = Role::Other as usize + 1;
