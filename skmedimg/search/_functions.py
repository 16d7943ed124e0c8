"""A function written down: the same text in every process, and another one when it changes."""

import hashlib
from functools import partial
from types import CodeType, FunctionType, MethodType, ModuleType

import numpy as np
from optuna.distributions import BaseDistribution
from sklearn.base import BaseEstimator

from skmedimg._files import utf8
from skmedimg._provenance import describe

_PLAIN = (type(None), type(...), bool, int, float, complex, str, bytes, range, np.generic)


def written(function):
    """Write down what a callable computes with: its code and the plain values that it reaches.

    These are constants, defaults, what it closes over, the globals that it names, what a partial
    binds and the attributes of an object that is called. Functions of the same module are followed
    and stand with their code; everything else stands with its name. Python's versions compile to
    different code.

    Parameters
    ----------
    function : callable

    Returns
    -------
    text : str

    Examples
    --------
    >>> from skmedimg.search._functions import written
    >>> written(lambda trial: {"C": 1.0}) == written(lambda trial: {"C": 1.0})
    True
    >>> written(lambda trial: {"C": 1.0}) == written(lambda trial: {"C": 2.0})
    False
    """
    return _Writer(_home(function)).text(function)


def written_choice(choice):
    """Write down one of several choices: the same text in every process.

    Parameters
    ----------
    choice : object

    Returns
    -------
    text : str
        Of a function its name and a digest of what it computes; of all else what it prints.

    Examples
    --------
    >>> from skmedimg.search._functions import written_choice
    >>> written_choice((100, 50))
    '(100, 50)'
    """
    if isinstance(choice, BaseEstimator):
        return describe(choice)
    if callable(choice) and not isinstance(choice, type):
        return f"{_name(choice)} {hashlib.sha256(utf8(written(choice))).hexdigest()[:8]}"
    return repr(choice)


class _Writer:
    """Follows references from one function on; what was met before is a number."""

    def __init__(self, home):
        self._home = home
        self._met = {}  # address -> number and object, which keeps the address from being reused

    def text(self, value):
        if isinstance(value, _PLAIN):
            return repr(value)
        if isinstance(value, CodeType):
            return self._code(value)
        if isinstance(value, tuple):  # equal constants may be one object or two, so has no number
            return f"({self._all(value)})"
        if isinstance(value, (set, frozenset)):  # in an order that changes with every start
            return f"{{{', '.join(sorted(map(self.text, value)))}}}"
        if id(value) in self._met:
            return f"<{self._met[id(value)][0]}>"
        self._met[id(value)] = len(self._met), value
        return self._new(value)

    def _new(self, value):
        if isinstance(value, FunctionType):
            return self._function(value) if value.__module__ == self._home else _name(value)
        if isinstance(value, MethodType):
            return f"{self.text(value.__func__)} of {self._instance(value.__self__)}"
        if isinstance(value, partial):
            return f"partial({self._all([value.func, value.args, value.keywords])})"
        if isinstance(value, list):
            return f"[{self._all(value)}]"
        if isinstance(value, dict):
            return f"{{{self._all(value.items())}}}"
        if isinstance(value, np.ndarray):
            return self._array(value)
        if isinstance(value, BaseDistribution):
            return repr(value)
        if isinstance(value, BaseEstimator):
            return describe(value)
        if callable(value) and not isinstance(value, type):
            return self._instance(value)
        return _name(value)

    def _all(self, values):
        return ", ".join(map(self.text, values))

    def _function(self, function):
        code, around = function.__code__, function.__globals__
        named = [around[name] for name in _names(code) if name in around]
        closed = [_contents(cell) for cell in function.__closure__ or ()]
        parts = [code, function.__defaults__, function.__kwdefaults__, closed, named]
        return f"function({self._all(parts)})"

    def _code(self, code):
        parts = (code.co_code, code.co_exceptiontable, code.co_names, code.co_consts)
        return f"code{self.text(parts)}"

    def _array(self, array):
        if array.dtype.hasobject:
            return self.text(array.tolist())
        content = hashlib.sha256(array.ravel().view(np.uint8)).hexdigest()
        return f"array({array.dtype}, {array.shape}, {content})"

    def _instance(self, value):
        """Write an object whose methods are called: its state, and all of them."""
        kinds = [kind for kind in type(value).__mro__ if kind.__module__ == self._home]
        methods = [each for kind in kinds for each in vars(kind).values()]
        parts = [m for m in methods if isinstance(m, FunctionType)]
        return f"{_name(value)}({self._all([getattr(value, '__dict__', None), *parts])})"


def _home(function):
    """Return the name of the module whose functions are followed."""
    while isinstance(function, partial):
        function = function.func
    return getattr(function, "__module__", None)


def _names(code):
    """Return the names that code and the functions within it look up, each once."""
    names = dict.fromkeys(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            names |= dict.fromkeys(_names(constant))
    return list(names)


def _contents(cell):
    try:
        return cell.cell_contents
    except ValueError:  # nothing was assigned yet
        return None


def _name(value):
    if isinstance(value, ModuleType):
        return f"module {value.__name__}"
    own = getattr(value, "__qualname__", None) or getattr(value, "__name__", None)
    module = getattr(value, "__module__", None) or type(value).__module__
    return f"{module}.{own or type(value).__qualname__}"
