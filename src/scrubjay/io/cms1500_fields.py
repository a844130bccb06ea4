"""The columns of CMS-1500 rows: their names, the other names people give them, and which repeat on every line.

A row is a service line.  A column is named after its box of the CMS-1500 (02/12) and a word: ``24d_code``.  Source of
the boxes: NUCC form 02/12 and its map to the 837P.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Field:
    """One column: its name, what it holds, other names, and whether it belongs to the line."""

    name: str
    meaning: str
    aliases: tuple[str, ...] = ()
    of_line: bool = False


_TABLE = """
26_account | claim | patient's account number: rows with the same one are one claim | 26 box26 claim claimid claimnumber
    patientcontrolnumber accountnumber patientaccount account clm01
payer_name | claim | name of the payer (top of the form) | payer insurer carrier insuranceplan plan
payer_id | claim | electronic id of the payer | payerid payernumber carrierid
1_coverage | claim | kind of coverage: medicare, medicaid, tricare, champva, group, feca, other, or the claim filing code | 1
    box1 coverage filingcode claimfilingindicator insurancetype sbr09
1a_member | claim | insured's member number | 1a box1a insuredid memberid member subscriberid
2_patient_last | claim | patient's last name, or LAST, FIRST, MIDDLE | 2 box2 patientname patient patientlast patientlastname
    lastname
2_patient_first | claim | patient's first name | patientfirst patientfirstname firstname
2_patient_middle | claim | patient's middle name | patientmiddle middlename
3_birth_date | claim | patient's birth date | 3 box3 dob birthdate dateofbirth patientdob
3_sex | claim | patient's sex: F, M or U | sex gender patientsex
4_insured_last | claim | insured's last name, where he is not the patient | 4 box4 insuredname insuredlast
4_insured_first | claim | insured's first name | insuredfirst
5_street | claim | patient's street | 5 box5 address patientaddress street patientstreet
5_city | claim | patient's city | city patientcity
5_state | claim | patient's state | state patientstate
5_zip | claim | patient's ZIP | zip patientzip zipcode
6_relationship | claim | patient's relationship to the insured: self, spouse, child, other | 6 box6 relationship relation
7_street | claim | insured's street | 7 box7 insuredstreet
7_city | claim | insured's city | insuredcity
7_state | claim | insured's state | insuredstate
7_zip | claim | insured's ZIP | insuredzip
9_other_last | claim | last name of the insured of another plan, or LAST, FIRST | 9 box9 otherinsured otherinsuredname
9_other_first | claim | his first name | otherinsuredfirst
9a_group | claim | his policy or group number | 9a box9a otherpolicy othergroup
9a_member | claim | his member number | othermember othermemberid
9d_plan | claim | name of the other plan | 9d box9d otherplanname otherpayer
9d_plan_id | claim | id of the other plan | otherpayerid
responsibility | claim | P primary, S secondary, T tertiary (SBR01; not on the form) | sbr01 payerresponsibility
10a_employment | claim | condition due to employment: Y or N | 10a box10a employment
10b_auto | claim | due to an auto accident: Y or N | 10b box10b autoaccident
10b_state | claim | state of the auto accident | accidentstate
10c_other | claim | due to another accident: Y or N | 10c box10c otheraccident
11_group | claim | insured's policy or group number | 11 box11 groupnumber policygroup
11a_birth_date | claim | insured's birth date | 11a box11a insureddob
11a_sex | claim | insured's sex | insuredsex
11d_other_plan | claim | another health plan: Y or N | 11d box11d otherplan
14_date | claim | date of onset or last menstrual period | 14 box14 onset onsetdate
14_qualifier | claim | 431 onset, 484 last menstrual period | 14qualifier
15_date | claim | other date | 15 box15 otherdate
15_qualifier | claim | 439 accident, 304 last seen ... | 15qualifier
17_qualifier | claim | DN referring, DK ordering, DQ supervising | 17qualifier
17_name | claim | that provider's name, LAST, FIRST | 17 box17 referringname referringprovider
17b_npi | claim | that provider's NPI | 17b box17b referringnpi
18_from | claim | hospitalised from | 18 box18 hospitalfrom
19_note | claim | additional claim information | 19 box19 claimnote note additionalinformation
21a_diagnosis | claim | diagnosis A | 21a box21a diagnosis1 dx1 diag1 icd1 21 box21 diagnoses dx diagnosis icd10 diagnosiscodes
21b_diagnosis | claim | diagnosis B | 21b box21b diagnosis2 dx2 diag2 icd2
21c_diagnosis | claim | diagnosis C | 21c box21c diagnosis3 dx3 diag3 icd3
21d_diagnosis | claim | diagnosis D | 21d box21d diagnosis4 dx4 diag4 icd4
21e_diagnosis | claim | diagnosis E | 21e box21e diagnosis5 dx5 diag5 icd5
21f_diagnosis | claim | diagnosis F | 21f box21f diagnosis6 dx6 diag6 icd6
21g_diagnosis | claim | diagnosis G | 21g box21g diagnosis7 dx7 diag7 icd7
21h_diagnosis | claim | diagnosis H | 21h box21h diagnosis8 dx8 diag8 icd8
21i_diagnosis | claim | diagnosis I | 21i box21i diagnosis9 dx9 diag9 icd9
21j_diagnosis | claim | diagnosis J | 21j box21j diagnosis10 dx10 diag10 icd10
21k_diagnosis | claim | diagnosis K | 21k box21k diagnosis11 dx11 diag11 icd11
21l_diagnosis | claim | diagnosis L | 21l box21l diagnosis12 dx12 diag12 icd12
22_frequency | claim | resubmission code: 7 replacement, 8 void | 22 box22 frequency resubmissioncode
22_original | claim | original reference number | originalref originalreference
23_authorization | claim | prior authorisation number | 23 box23 priorauth authorization authorizationnumber
24_line | line | number of the line | line linenumber lx
24a_from | line | date of service, from | 24a box24a 24afrom dos dateofservice servicedate fromdate servicefrom date
24a_to | line | date of service, to | 24ato todate serviceto throughdate
24_shaded | line | shaded half of the line: N4 and NDC, unit and quantity, or ZZ and words | 24shaded shaded supplemental
    24ashaded
24_ndc | line | NDC of the drug | ndc ndccode
24_ndc_quantity | line | quantity of the drug | ndcquantity ndcqty ndcunits
24_ndc_unit | line | unit of that quantity: F2 GR ME ML UN | ndcunit ndcuom uom
24b_place | line | place of service | 24b box24b pos placeofservice place
24c_emergency | line | emergency: Y | 24c box24c emg emergency
24d_code | line | procedure code | 24d box24d cpt hcpcs cpthcpcs code procedure procedurecode
24d_mod1 | line | modifier 1 | mod1 modifier1 24dmod1 24dmodifiers modifiers mods mod modifier
24d_mod2 | line | modifier 2 | mod2 modifier2 24dmod2
24d_mod3 | line | modifier 3 | mod3 modifier3 24dmod3
24d_mod4 | line | modifier 4 | mod4 modifier4 24dmod4
24d_description | line | description of the procedure | description proceduredescription
24e_pointers | line | diagnosis pointers, letters: AB | 24e box24e pointer pointers diagnosispointer dxpointer
24f_charge | line | charge | 24f box24f charge charges amount linecharge
24g_units | line | days or units | 24g box24g units days quantity qty
24g_basis | line | UN units, MJ minutes | 24gbasis unitbasis
24_note | line | line note | linenote
24_control | line | line item control number | linecontrol
24i_taxonomy | line | rendering provider's taxonomy | 24i box24i renderingtaxonomy taxonomy
24j_npi | line | rendering provider's NPI | 24j box24j renderingnpi rendering
24j_name | line | rendering provider's name, LAST, FIRST | renderingname
25_tax_id | claim | billing provider's tax number | 25 box25 taxid tin ein federaltaxid
25_kind | claim | EIN or SSN | 25kind
27_assignment | claim | accept assignment: Y or N | 27 box27 assignment acceptassignment
28_total | claim | total charge | 28 box28 total totalcharge claimcharge
29_paid | claim | amount paid by the patient | 29 box29 paid amountpaid patientpaid
31_signature | claim | signature of the physician | 31 box31 signature
32_name | claim | service facility | 32 box32 facility facilityname
32_street | claim | its street | facilitystreet
32_city | claim | its city | facilitycity
32_state | claim | its state | facilitystate
32_zip | claim | its ZIP | facilityzip
32a_npi | claim | its NPI | 32a box32a facilitynpi
33_name | claim | billing provider: organisation, or last name of a person | 33 box33 billingname billingprovider billing
33_first | claim | its first name, where it is a person | billingfirst
33_street | claim | its street | billingstreet billingaddress
33_city | claim | its city | billingcity
33_state | claim | its state | billingstate
33_zip | claim | its ZIP | billingzip
33a_npi | claim | its NPI | 33a box33a billingnpi
33b_taxonomy | claim | its taxonomy | 33b box33b billingtaxonomy
"""


def _fields() -> tuple[Field, ...]:
    """Read the table: name, whether it is of the claim or the line, meaning, other names; an indented row goes on."""
    fields = []
    for row in _TABLE.strip().replace("\n    ", " ").splitlines():
        name, owner, meaning, aliases = (part.strip() for part in (row + " ").split(" | "))
        fields.append(Field(name, meaning, tuple(aliases.split()), owner == "line"))
    return tuple(fields)


FIELDS = _fields()

NAMES = tuple(field.name for field in FIELDS)


def key(text: str) -> str:
    """Return a column's name without case, blanks and marks."""
    return re.sub(r"[^a-z0-9]", "", text.lower())


KNOWN = {key(alias): field.name for field in FIELDS for alias in (field.name, *field.aliases)}
_LINES = {field.name for field in FIELDS if field.of_line}
_WIDE = re.compile(r"(?:line)?(.+?)[_ .-]*(?:line)?[_ .-]*([1-6])$")


def column(header: str) -> tuple[str, int] | None:
    """Return the field a column holds and its line (0: of the row), None where the name is not known.

    ``24d_code_2`` or ``cpt 2`` is the second line of a row that holds a whole form.
    """
    name = KNOWN.get(key(header))
    if name is not None:
        return name, 0
    wide = _WIDE.fullmatch(header.strip().lower())
    name = KNOWN.get(key(wide[1])) if wide else None
    return (name, int(wide[2])) if wide and name in _LINES else None


COVERAGES = {
    "medicare": "MB", "medicaid": "MC", "tricare": "CH", "champus": "CH", "champva": "CH", "group": "CI",
    "grouphealthplan": "CI", "feca": "FI", "blkl": "CI", "fecablklung": "FI", "other": "CI", "commercial": "CI",
}  # fmt: skip
"""Box 1 as SBR09.  An X12 code stands for itself."""

RELATIONSHIPS = {
    "self": "18",
    "spouse": "01",
    "child": "19",
    "other": "G8",
    "18": "18",
    "01": "01",
    "19": "19",
    "g8": "G8",
}
