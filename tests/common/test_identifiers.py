"""Identifiers mean something only with the authority that issued them (HL7 v2.5.1 §2.A.14)."""

from common.identifiers import Authority, Identifier


def test_an_identifier_as_cx() -> None:
    authority = Authority("COUNTY", "2.25.1002", "ISO")

    assert Identifier("P-7", authority).as_cx() == "P-7^^^COUNTY&2.25.1002&ISO^MR"
    assert Identifier("P-7", Authority("COUNTY"), "PI").as_cx() == "P-7^^^COUNTY^PI"


def test_the_same_value_of_two_authorities_is_two_identifiers() -> None:
    assert Identifier("7", Authority("A")) != Identifier("7", Authority("B"))
    assert len({Identifier("7", Authority("A")), Identifier("7", Authority("A"))}) == 1
