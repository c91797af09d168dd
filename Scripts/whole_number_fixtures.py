#!/usr/bin/env python3
"""Writes Tests/AttentionTemplatesTests/Fixtures/whole_numbers.json: expressions with large whole numbers, and what
Jinja makes of them.

    .venv/bin/python Scripts/whole_number_fixtures.py

    [[expression, text, or null where Jinja fails]]
"""
import json
import os
import random

from jinja2.sandbox import ImmutableSandboxedEnvironment

EXPRESSIONS = r"""
missing|int ¦ none|int(7) ¦ [1]|int(7) ¦ '0x1A'|int ¦ '0x1A'|int(0,16) ¦ '1_000'|int ¦ '1__0'|int(5) ¦ ' 12 '|int ¦ '١٢'|int ¦ '12.9e1'|int ¦ 'inf'|int(3) ¦ 'nan'|int(3)
'1e30'|int ¦ '-0b11'|int(9,2) ¦ '0b11'|int(9,0) ¦ '012'|int(9,0) ¦ '00'|int(4,0) ¦ '_1'|int(9) ¦ '0x_1'|int(9,16) ¦ '1_'|int(9) ¦ 'zz'|int(9,36) ¦ 'zz'|int(9,37) ¦ '8'|int(9,1) ¦ '+5'|int ¦ '+-5'|int(4) ¦ '0x'|int(4,16) ¦ ''|int(4)
'99999999999999999999'|int ¦ 1e19|int ¦ 1.5|int ¦ -1.5|int ¦ 9223372036854775807|float|int ¦ true|int ¦ '-99999999999999999999'|int + 1 ¦ 'ffffffffffffffffffff'|int(0,16)
12345|round(-2) ¦ 15|round(-1) ¦ 25|round(-1) ¦ -25|round(-1) ¦ -12345|round(-2) ¦ 10000000000000000000000|round(-3) ¦ 12345678901234567890|round(2,'floor') ¦ true|round ¦ (-2**64)|round ¦ (2**64)|round(1) ¦ 0.1|round(1) ¦ 2.675|round(2) ¦ 1e20|round
2**100 ¦ 2**-2 ¦ 10**25//7 ¦ -10**25//7 ¦ -10**25%7 ¦ 10**25%-7 ¦ 10**25/3 ¦ 9007199254740993/3 ¦ 3**2**5 ¦ 0**5 ¦ 1**(10**20) ¦ (-1)**(10**20+1) ¦ (-1)**(10**20) ¦ 0**(10**20) ¦ 0**0 ¦ (2**64)**-1
9007199254740993==9007199254740992.0 ¦ 9007199254740993>9007199254740992.0 ¦ 9007199254740992.0<9007199254740993 ¦ 1e22==10**22 ¦ 10**23==1e23 ¦ 10**400>1e308 ¦ 10**400<1e308*10 ¦ -10**400>-1e308*10 ¦ 2**64 in [2**64] ¦ 2**64!=2**64+1 ¦ 2**64>5 ¦ -2**64<5 ¦ 2**64>'a'
10**400+1.0 ¦ 1.5*2**64 ¦ 2**64-0.5 ¦ 1e300*10**10 ¦ (2**2000)|float ¦ 2**64|float ¦ (2**1074)/(2**1075) ¦ 1/(2**1074) ¦ 2**1074/1 ¦ (2**1024-1)/1 ¦ 5//0.3 ¦ (2**64)//0.5 ¦ (2**64)/0 ¦ (2**64)%0
'%x'|format(2**70) ¦ '%o' % -2**70 ¦ '%d' % 1e25 ¦ '%d' % 2**70 ¦ '%s %r' % (2**64, 2**64) ¦ '%e' % (10**30) ¦ '%30d|%-30d|%+d' % (2**70, 2**70, 2**70) ¦ '{:,}'.format(2**70) ¦ '{:x}'.format(2**70) ¦ '{:b}'.format(-2**66) ¦ '{:>40}|{:030d}'.format(2**70, -2**66) ¦ '{:.2f}'.format(2**64) ¦ '{}'.format(2**64)
(-2**64)|abs ¦ -9223372036854775808|abs ¦ 3.7|abs ¦ [2**64, 1, 2**65]|max ¦ [2**64, 1]|sort ¦ [2**64, 1]|sum ¦ [2**64, 18446744073709551616.0, 2**64+1]|unique|list ¦ {2**64: 'a'}[18446744073709551616.0] ¦ {2**64: 'a'}[2**64+1] ¦ {2**64: 1, 2**64*1.0: 2} ¦ {2**53+1: 1}[2**53*1.0]
2**64 is integer ¦ 2**64 is number ¦ 2**64 is float ¦ 2**64 is odd ¦ 2**64 is even ¦ 2**64 is divisibleby 3 ¦ 2**64 is sameas 5 ¦ 'a'*2**64 ¦ true+2**64 ¦ [1,2][2**64] ¦ range(2**64) ¦ 'x'[:2**70] ¦ 'abc'[-2**70:] ¦ [1,2,3][2**66::-1] ¦ 'abc'[::2**70] ¦ 'abc'[::-2**70]
0xFFFFFFFFFFFFFFFFFF ¦ 1_000_000_000_000_000_000_000 ¦ 0b1 ¦ 00 ¦ -9223372036854775808 ¦ -9223372036854775808-1 ¦ 9223372036854775807+1 ¦ +2**64 ¦ -(2**63) ¦ not 2**64 ¦ 2**64 and 1 ¦ 2**64~'a' ¦ (2**63)|tojson ¦ {2**80: 2**81}|tojson ¦ (2**64)|string|length ¦ [2**64] ¦ 10**4299//10**4290
"""


def main():
    chosen = random.Random(5)
    expressions = [e for line in EXPRESSIONS.strip().split("\n") for e in line.split(" ¦ ")]
    for _ in range(70):
        a, b = (chosen.choice([-1, 1]) * chosen.getrandbits(chosen.choice([3, 30, 62, 64, 65, 100, 128, 200, 400])) for _ in range(2))
        expressions += [f"({a}){operation}({b})" for operation in ["+", "-", "*", "//", "%", "/", "<", "=="]]
        expressions.append(f"({a})**{chosen.randrange(8)}")
        number = chosen.choice([float(a), chosen.uniform(-1e20, 1e20), float(a) * (1 + 2 ** -52)])
        expressions += [f"({a}){operation}({number!r})" for operation in ["<", "==", ">="]]
    environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)

    def text(expression):
        try:
            return environment.from_string("{{ " + expression + " }}").render()
        except Exception:
            return None

    results = [[e, text(e)] for e in dict.fromkeys(expressions)]
    path = os.path.join(os.path.dirname(__file__), "../Tests/AttentionTemplatesTests/Fixtures/whole_numbers.json")
    with open(path, "w", encoding="utf-8") as file:
        json.dump(results, file, ensure_ascii=False, separators=(",", ":"))
        file.write("\n")
    print(len(results), "expressions,", sum(text is None for _, text in results), "of which fail")


if __name__ == "__main__":
    main()
