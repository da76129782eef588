"""Names of zones and the regions they lie in, as AWS, GCP and Azure write them."""

import re

AWS_ZONE = re.compile(r"([a-z]{2}(?:-[a-z]+)+-\d)[a-z]")
GCP_ZONE = re.compile(r"([a-z]+-[a-z]+\d+)-[a-z]")
AZURE_ZONE = re.compile(r"([a-z]+\d*)-\d")
ZONE_AND_REST = re.compile(r"(?P<zone>[a-z]{2}(?:-[a-z]+)+-\d[a-z]|[a-z]+-[a-z]+\d+-[a-z])_(?P<rest>.+)")


def region_of(zone: str) -> str:
    """The region of a zone: us-east-1 of us-east-1a, us-central1 of us-central1-c; a name of another form is its own region."""
    for form in (AWS_ZONE, GCP_ZONE, AZURE_ZONE):
        match = form.fullmatch(zone)
        if match:
            return match[1]
    return zone


def zone_and_type(stem: str) -> tuple[str, str]:
    """What a file called like us-east-1a_v100_1 is of: zone and instance type; another name is taken for the zone."""
    match = ZONE_AND_REST.fullmatch(stem)
    return (match["zone"], match["rest"]) if match else (stem, "")
