"""Years as answers: rounded to what a person could know."""


def coarse(year: int) -> str:
    """Return the century of `year` up to 1899, its decade from 1900 on, and from 2000 on the year itself.

    1812 becomes "19 century", -122 "2 century BC", 1923 "1920s" and 2004 "2004"; there are no ordinal
    endings. Year 0, which no calendar has but some tables do, is 1 BC.

    1900 becomes "1900s", as the paper's text has it; the authors' code says "19 century" there.

    Source: arXiv 2310.15047, appendix A.1.
    """
    if year >= 2000:
        return str(year)
    if year >= 1900:
        return f"{year // 10 * 10}s"
    century = max(1, (abs(year) + 99) // 100)
    return f"{century} century" + (" BC" if year <= 0 else "")
