"""A syntax tree written down reads as the same tree, and each clause knows its own text."""

from hypothesis import given, settings
from hypothesis import strategies as st

from connector.rules.reading import read
from connector.rules.syntax import Argument, Clause, Form, Junction, Literal, Negation, Node, Operator
from connector.rules.syntax import Test as Comparison

_RESERVED = frozenset(
    "and or not in is null between contains starts ends with matches not_matches true false from show where"  # noqa: SIM905
    " order by limit asc desc".split()
)
_NAMES: st.SearchStrategy[str] = st.from_regex(r"[a-z_][a-z0-9_]{0,8}(\.[a-z]{1,4})?", fullmatch=True).filter(
    lambda name: name not in _RESERVED
)
_TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=8)
_LITERALS = st.one_of(
    _TEXTS.map(lambda text: Literal(Form.TEXT, text, 0, 0)),
    st.integers(-(10**6), 10**6).map(lambda number: Literal(Form.NUMBER, str(number), 0, 0)),
    st.decimals(-1000, 1000, places=2).map(lambda number: Literal(Form.NUMBER, str(number), 0, 0)),
    st.dates().map(lambda day: Literal(Form.DATE, day.isoformat(), 0, 0)),
    st.sampled_from(["-90d", "+3m", "-4w"]).map(lambda text: Literal(Form.OFFSET, text, 0, 0)),
    st.sampled_from(["7_days_ago"]).map(lambda text: Literal(Form.AGO, text, 0, 0)),
    st.sampled_from(["true", "FALSE"]).map(lambda text: Literal(Form.BOOLEAN, text, 0, 0)),
    _NAMES.map(lambda name: Literal(Form.NAME, name, 0, 0)),
)
_SIGNS = ("=", "!=", "<", "<=", ">", ">=")
_TESTS = st.one_of(
    st.builds(lambda sign, one: Comparison(Operator(sign), 0, (one,)), st.sampled_from(_SIGNS), _LITERALS),
    st.builds(
        lambda low, high, no: Comparison(Operator.BETWEEN, 0, (low, high), no),
        _LITERALS,
        _LITERALS,
        st.booleans(),
    ),
    st.builds(
        lambda some, no: Comparison(Operator.IN, 0, tuple(some), no),
        st.lists(_LITERALS, min_size=1, max_size=4),
        st.booleans(),
    ),
    st.builds(
        lambda operator, one, no: Comparison(operator, 0, (one,), no),
        st.sampled_from((Operator.CONTAINS, Operator.STARTS, Operator.ENDS)),
        _LITERALS,
        st.booleans(),
    ),
    st.booleans().map(lambda no: Comparison(Operator.NULL, 0, (), no)),
)
_PARAMETERS = st.lists(st.builds(lambda name, test: Argument(name, test, 0), _NAMES, _TESTS), max_size=3).map(
    tuple
)
_CLAUSES: st.SearchStrategy[Node] = st.one_of(
    st.builds(lambda name, test: Clause(name, 0, 0, None, test), _NAMES, _TESTS),
    st.builds(
        lambda name, given, yes: Clause(name, 0, 0, given, None, yes), _NAMES, _PARAMETERS, st.booleans()
    ),
    st.builds(lambda name, given, test: Clause(name, 0, 0, given, test), _NAMES, _PARAMETERS, _TESTS),
)
TREES: st.SearchStrategy[Node] = st.recursive(
    _CLAUSES,
    lambda inner: st.one_of(
        inner.map(Negation),
        st.builds(
            lambda every, parts: Junction(every, tuple(parts)),
            st.booleans(),
            st.lists(inner, min_size=2, max_size=4),
        ),
    ),
    max_leaves=12,
)


def _write(node: Node) -> str:
    match node:
        case Junction():
            return (" AND " if node.every else " or ").join(f"({_write(part)})" for part in node.parts)
        case Negation():
            return f"NOT ({_write(node.part)})"
        case Clause():
            return _write_clause(node)


def _write_clause(clause: Clause) -> str:
    if clause.matches is not None:
        inside = ", ".join(f"{each.name} {_write_test(each.test)}" for each in clause.arguments or ())
        return f"{clause.name} {'' if clause.matches else 'NOT '}MATCHES ({inside})"
    inside = ", ".join(f"{each.name}: {_write_test(each.test)}" for each in clause.arguments or ())
    call = "" if clause.arguments is None else f"({inside})"
    return f"{clause.name}{call} {_write_test(clause.test) if clause.test else ''}"


def _write_test(test: Comparison) -> str:
    values = [_write_literal(each) for each in test.literals]
    no = "NOT " if test.negated else ""
    match test.operator:
        case Operator.NULL:
            return f"IS {no}NULL"
        case Operator.IN:
            return f"{no}IN ({', '.join(values)})"
        case Operator.BETWEEN:
            return f"{no}BETWEEN {values[0]} AND {values[1]}"
        case _:
            return f"{no}{test.operator.value} {values[0]}"


def _write_literal(literal: Literal) -> str:
    if literal.form is not Form.TEXT:
        return literal.text
    return "'" + literal.text.replace("\\", "\\\\").replace("'", "\\'") + "'"


@given(TREES)
@settings(max_examples=200)
def test_a_tree_written_down_reads_as_itself(tree: Node) -> None:
    written = _write(tree)
    assert _write(read(written)) == written


def test_what_a_clause_says_is_cut_out_exactly() -> None:
    text = "  guest = true  AND orders_placed( count: 3 , date : -1y ) = true OR abc_class IN ( 'A' , 'B' )"
    clauses: list[str] = []

    def walk(node: Node) -> None:
        match node:
            case Junction():
                for part in node.parts:
                    walk(part)
            case Negation():
                walk(node.part)
            case Clause():
                clauses.append(text[node.start : node.end])

    walk(read(text))
    assert clauses == [
        "guest = true",
        "orders_placed( count: 3 , date : -1y ) = true",
        "abc_class IN ( 'A' , 'B' )",
    ]
