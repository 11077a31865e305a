from .errors import InputError as InputError
from .quantity import quantity as quantity

__version__: str
