"""What the IHE Basic Audit Log Patterns (BALP 1.1) ask of an AuditEvent, as a small checker.

The tables were written from the profiles' FHIR Shorthand. Each slice of agents or entities is
found by its type; a number pair is a cardinality, and `None` no upper bound.
"""

BASE = "https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit."
DCM = "http://dicom.nema.org/resources/ontology/DCM"
TERMS = "http://terminology.hl7.org/CodeSystem/"
REST = "http://hl7.org/fhir/restful-interaction"
PERSON = (TERMS + "audit-entity-type", "1")
SYSTEM_OBJECT = (TERMS + "audit-entity-type", "2")
CONSENT = ("http://hl7.org/fhir/resource-types", "Consent")
IRCP = (TERMS + "v3-ParticipationType", "IRCP")
DATA_SOURCES = [(TERMS + "v3-ParticipationType", code) for code in ("AUT", "INF", "CST")]
DATA_ROLES = [(TERMS + "object-role", code) for code in ("4", "3", "20")]
PATIENT_ROLE = [(TERMS + "object-role", "1")]


def agent(kind, cardinality=(1, 1), absent=("media",), network=True, **fixed):
    """A slice of agents; `network` says whether it must be there (True), not be there, or may."""
    return {"type": kind, "cardinality": cardinality, "absent": absent, "network": network, **fixed}


def rest(subtypes, action, client, server, users, patient):
    slices = {
        "patient": {"type": PERSON, "cardinality": (1, 1), "roles": PATIENT_ROLE, "what": "Patient"},
        "data": {"type": SYSTEM_OBJECT, "cardinality": (1, 1), "roles": DATA_ROLES, "what": None},
    }
    if not patient:
        del slices["patient"]
    return {
        "type": (TERMS + "audit-event-type", "rest"),
        "subtypes": [(REST, code) for code in subtypes],
        "action": action,
        "outcomes": {"0"},
        "agents": {
            "client": agent(client),
            "server": agent(server),
            "user": agent(users, (0, 1), network=False, requestor=True),
        },
        "entities": slices,
        "entities_min": 2 if patient else 1,
        "closed": False,
    }


SOURCE, DESTINATION, APPLICATION = (DCM, "110153"), (DCM, "110152"), (DCM, "110150")
CUSTODIAN = (TERMS + "provenance-participant-type", "custodian")
NOT_AN_AGENT = ("role", "altId", "name", "location", "media", "purposeOfUse")
PROFILES = {
    "Create": rest(["create"], "C", SOURCE, DESTINATION, DATA_SOURCES, False),
    "PatientCreate": rest(["create"], "C", SOURCE, DESTINATION, DATA_SOURCES, True),
    "Update": rest(["update", "patch"], "U", SOURCE, DESTINATION, DATA_SOURCES, False),
    "PatientUpdate": rest(["update", "patch"], "U", SOURCE, DESTINATION, DATA_SOURCES, True),
    "PatientDelete": rest(["delete"], "D", APPLICATION, CUSTODIAN, DATA_SOURCES, True),
    "Read": rest(["read", "vread"], "R", DESTINATION, SOURCE, [IRCP], False),
    "PatientRead": rest(["read", "vread"], "R", DESTINATION, SOURCE, [IRCP], True),
    "PrivacyDisclosure.Source": {
        "type": (DCM, "110106"),
        "subtypes": [(TERMS + "iso-21089-lifecycle", "disclose")],
        "action": "R",
        "outcomes": {"0", "4", "8", "12"},
        "agents": {
            "source": agent(SOURCE, absent=(), observer=True),
            "recipient": agent(DESTINATION, absent=()),
        },
        "entities": {"patient": {"type": PERSON, "cardinality": (1, 1), "roles": PATIENT_ROLE, "what": "Patient"}},
        "entities_min": 2,
        "closed": False,
    },
    "AuthZconsent": {
        "type": (DCM, "110113"),
        "subtypes": [("https://profiles.ihe.net/ITI/BALP/CodeSystem/AuthZsubType", code) for code in ("AuthZ-Consent", "AuthZ-Role")],
        "action": "E",
        "outcomes": {"0", "4", "8", "12"},
        "agents": {
            "client": agent(APPLICATION, absent=NOT_AN_AGENT),
            "user": agent(IRCP, absent=("altId", "location", "media"), network=False, requestor=True),
            "userorg": agent((TERMS + "v3-RoleClass", "PROV"), absent=("role", "altId", "name", "location", "policy", "media"), network=False, requestor=False),
            "authorizer": agent((TERMS + "extra-security-role-type", "authserver"), absent=NOT_AN_AGENT + ("policy",), network=False, requestor=False, observer=True),
        },
        "entities": {
            "patient": {"type": PERSON, "cardinality": (1, 1), "roles": PATIENT_ROLE, "what": "Patient"},
            "consent": {"type": CONSENT, "cardinality": (1, None), "roles": None, "what": None},
        },
        "entities_min": 2,
        "closed": True,
    },
}


def code(coding):
    return coding.get("system"), coding.get("code")


def faults(resource):
    """Everything in which a resource does not hold to the profiles that it claims."""
    found = []
    for profile in resource.get("meta", {}).get("profile", []):
        name = profile.removeprefix(BASE)
        found += [f"{name}: {what}" for what in against(PROFILES[name], resource)]
    return found


def against(profile, resource):
    if code(resource["type"]) != profile["type"]:
        yield "type"
    if sum(code(each) in profile["subtypes"] for each in resource.get("subtype", [])) != 1:
        yield "subtype"
    if resource.get("action") != profile["action"]:
        yield "action"
    if resource.get("outcome") not in profile["outcomes"]:
        yield "outcome"
    if "recorded" not in resource or "modifierExtension" in resource:
        yield "recorded"
    if len(resource["agent"]) < 2 or len(resource.get("entity", [])) < profile["entities_min"]:
        yield "number of agents or entities"
    yield from sliced(profile["agents"], resource["agent"], lambda each: code(each["type"]["coding"][0]), agent_faults, resource)
    yield from sliced(profile["entities"], resource["entity"], lambda each: code(each["type"]), entity_faults, resource)
    if profile["closed"]:
        known = [slice_["type"] for slice_ in profile["entities"].values()]
        if any(code(each["type"]) not in known for each in resource["entity"]):
            yield "an entity outside of the closed slices"


def sliced(slices, elements, kind, check, resource):
    for name, slice_ in slices.items():
        kinds = slice_["type"] if isinstance(slice_["type"], list) else [slice_["type"]]
        found = [each for each in elements if kind(each) in kinds]
        low, high = slice_["cardinality"]
        if len(found) < low or (high is not None and len(found) > high):
            yield f"{len(found)} of {name}"
        for each in found:
            yield from (f"{name}: {what}" for what in check(slice_, each, resource))


def agent_faults(slice_, each, resource):
    if not each.get("who"):
        yield "who"
    if slice_["network"] != ("network" in each) and slice_["network"] is not None:
        yield "network"
    if any(name in each for name in slice_["absent"]):
        yield "an element that must be absent"
    if "requestor" in slice_ and each["requestor"] is not slice_["requestor"]:
        yield "requestor"
    if slice_.get("observer") and each["who"] != resource["source"]["observer"]:
        yield "is not the observer"


def entity_faults(slice_, each, resource):
    if not each.get("what"):
        yield "what"
    if slice_["roles"] is not None and code(each.get("role", {})) not in slice_["roles"]:
        yield "role"
    if slice_["what"] and each["what"].get("type") != slice_["what"]:
        yield "is no reference to a patient"
