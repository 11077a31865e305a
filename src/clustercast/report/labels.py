"""Names as people read them."""

import re

_ACRONYMS = {
    "ai": "AI",
    "us": "US",
    "gdp": "GDP",
    "flop": "FLOP",
    "cpu": "CPU",
    "gpu": "GPU",
}
_YEAR_AT_THE_END = re.compile(r" (\d{4})$")


def label_of(name: str) -> str:
    """Return a name of the model as people write it.

    Parameters
    ----------
    name : str
        An input, a quantity or a scenario.

    Returns
    -------
    str

    Examples
    --------
    >>> label_of("us_gdp_growth"), label_of("ai_investment_2024"), label_of("flop_per_dollar_growth")
    ('US GDP growth', 'AI investment in 2024', 'FLOP per dollar growth')
    """
    words = [_ACRONYMS.get(word, word) for word in name.split("_")]
    text = _YEAR_AT_THE_END.sub(r" in \1", " ".join(words))
    return text[:1].upper() + text[1:]
