"""Systems, extensions and element addresses that the FHIR reader and writer share.

Sources: FHIR R4 Claim; the code systems that X12 and HL7 name for use in FHIR; CARIN Blue Button for care team roles.
What FHIR has no element for stands in an extension of our own (``urn:scrubjay:``).
"""

from __future__ import annotations

NPI = "http://hl7.org/fhir/sid/us-npi"
TAX_NUMBER = "urn:oid:2.16.840.1.113883.4.4"
SOCIAL_SECURITY = "http://hl7.org/fhir/sid/us-ssn"
TAXONOMY = "http://nucc.org/provider-taxonomy"
ICD10 = "http://hl7.org/fhir/sid/icd-10-cm"
ICD9 = "http://hl7.org/fhir/sid/icd-9-cm"
CPT = "http://www.ama-assn.org/go/cpt"
HCPCS = "http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets"
POS = "https://www.cms.gov/Medicare/Coding/place-of-service-codes/Place_of_Service_Code_Set"
NDC = "http://hl7.org/fhir/sid/ndc"
CLAIM_TYPE = "http://terminology.hl7.org/CodeSystem/claim-type"
PRIORITY = "http://terminology.hl7.org/CodeSystem/processpriority"
DIAGNOSIS_TYPE = "http://terminology.hl7.org/CodeSystem/ex-diagnosistype"
RELATED = "http://terminology.hl7.org/CodeSystem/ex-relatedclaimrelationship"
RELATIONSHIP = "http://terminology.hl7.org/CodeSystem/subscriber-relationship"
COVERAGE_CLASS = "http://terminology.hl7.org/CodeSystem/coverage-class"
CARE_TEAM_ROLE = "http://hl7.org/fhir/us/carin-bb/CodeSystem/C4BBClaimCareTeamRole"
FILING = "https://codesystem.x12.org/005010/1032"
FREQUENCY = "https://codesystem.x12.org/005010/1325"
ASSIGNMENT = "https://codesystem.x12.org/005010/1359"
X12_RELATIONSHIP = "https://codesystem.x12.org/005010/1069"
NOTE_KIND = "https://codesystem.x12.org/005010/363"
DATE_KIND = "https://codesystem.x12.org/005010/374"
TEST_KIND = "https://codesystem.x12.org/005010/738"
UNIT_BASIS = "https://codesystem.x12.org/005010/355"
CAUSE = "https://codesystem.x12.org/005010/1362"

PAYER_ID = "urn:scrubjay:payer-id"
CONTROL = "urn:scrubjay:patient-control-number"
INFO = "urn:scrubjay:supporting-info"
EXTENSION = "urn:scrubjay:"

ROLES = {"rendering": "rendering", "supervising": "supervising", "referring": "referring", "ordering": "ordering"}
ROLE_WORDS = {
    "rendering": "rendering",
    "performing": "rendering",
    "primary": "rendering",
    "supervising": "supervising",
    "supervisor": "supervising",
    "referring": "referring",
    "ordering": "ordering",
    "prescribing": "ordering",
}
"""Care team roles of CARIN, of base FHIR and of Da Vinci, and the provider role each means."""

X12_TO_RELATION = {
    "18": "self",
    "01": "spouse",
    "19": "child",
    "G8": "other",
    "53": "common",
    "39": "other",
    "40": "other",
}
RELATION_TO_X12 = {
    "self": "18",
    "spouse": "01",
    "child": "19",
    "common": "53",
    "other": "G8",
    "parent": "G8",
    "injured": "G8",
}

GENDERS = {"F": "female", "M": "male", "U": "unknown"}
SEXES = {"female": "F", "male": "M", "unknown": "U", "other": "U"}

ELEMENTS = {
    "CLM01": "identifier[0].value",
    "CLM02": "total",
    "CLM05-1": "item[0].locationCodeableConcept",
    "CLM05-3": "related[0].relationship",
    "HI": "diagnosis",
    "HI01": "diagnosis[0].diagnosisCodeableConcept",
    **{f"HI{k:02d}": f"diagnosis[{k - 1}].diagnosisCodeableConcept" for k in range(2, 13)},
    "SV101": "productOrService",
    "SV101-2": "productOrService.coding[0].code",
    "SV101-3": "modifier[0]",
    "SV101-4": "modifier[1]",
    "SV101-5": "modifier[2]",
    "SV101-6": "modifier[3]",
    "SV101-7": "productOrService.text",
    "SV102": "net",
    "SV103": "quantity.unit",
    "SV104": "quantity.value",
    "SV105": "locationCodeableConcept",
    "SV107": "diagnosisSequence",
    "DTP03": "servicedDate",
    "LIN03": "detail[0].productOrService",
    "CTP04": "detail[0].quantity.value",
    "CTP05": "detail[0].quantity.unit",
    "NTE02": "informationSequence",
}
"""X12 elements of a claim or line and the FHIR element, below the Claim or its item, that holds the same."""
