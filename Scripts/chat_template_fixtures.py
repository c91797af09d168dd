#!/usr/bin/env python3
"""Writes Tests/AttentionTemplatesTests/Fixtures/chat_templates.json: templates and conversations, and what the
reference (`transformers`, which runs Jinja in a sandbox) makes of them.

    python3 -m venv venv && venv/bin/pip install transformers==5.24.0 jinja2==3.1.6
    TZ=UTC venv/bin/python Scripts/chat_template_fixtures.py

    snippets       [template, text, or null where the reference fails], all with the same messages and variables
    variables      what the snippets read
    templates      {name: template}, in the forms that published ones have
    conversations  {name: {messages, and where there are any: tools, documents, variables, add: whether the text ends
                   with what begins an answer}}
    results        {template: {conversation: text, [message] where the template refuses it, or null where it fails}}

The time is 1,700,000,000 seconds after 1970 in all of them.
"""
import copy
import datetime
import json
import os

import jinja2
from transformers.utils import chat_template_utils

NOW = 1_700_000_000


class FixedTime(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return datetime.datetime.fromtimestamp(NOW)


VARIABLES = {
    "s": "Hello, World", "e": "", "u": "Straße ΑΣ ΣΑΣ İ ﬁ", "ws": " \t\n x \u00a0\u2003", "n": 7, "z": 0, "neg": -7, "f": 2.5, "t": True,
    "no": False, "nil": None, "l": [3, 1, 2], "names": ["b", "A", "c"], "d": {"b": 1, "a": [1, {"x": None}], "items": 5},
    "people": [{"name": "Ann", "age": 3, "tags": ["x"]}, {"name": "bob", "age": 1}, {"name": "Cy", "age": 2, "f": {"g": 9}}],
    "q": "it's \"so\"\n\\ \u200b é", "nested": [[1, 2], [3, [4]]], "lines": "a\n b\r\n\nc", "html": "<b>&\"'", "big": 12345678901234567,
    "floats": [1.0, 0.1, 1e16, 1.5e300, 1e-5, 123456789.125, -0.0, 1e22],
    "deep": {"a": {"b": {"c": [10, 20]}}},
}

# Expressions with ¦ between them.
EXPRESSIONS = r"""
s ¦ e ¦ u ¦ ws ¦ n ¦ f ¦ t ¦ nil ¦ missing ¦ l ¦ d ¦ nested ¦ q ¦ [q] ¦ floats ¦ (1,) ¦ (1,2) ¦ () ¦ big ¦ [1.0] ¦ {1:2} ¦ {none:true}
1+2 ¦ 1-2 ¦ 2*3 ¦ 7/2 ¦ 7//2 ¦ -7//2 ¦ 7%3 ¦ -7%3 ¦ 7%-3 ¦ 2**10 ¦ 2**-1 ¦ 2.0**3 ¦ 1.5+1 ¦ 7.5//2 ¦ -7.5%2 ¦ 7.5%2 ¦ 1/0 ¦ 1%0 ¦ 1+'a' ¦ 'a'+1 ¦ 'a'+'b' ¦ 'a'*3 ¦ 3*'ab' ¦ [1]*2 ¦ [1]+[2] ¦ (1,)+(2,) ¦ 'a'-'b' ¦ -n ¦ +n ¦ -f ¦ -'a'
2**3**2 ¦ -2**2 ¦ 2+3*4 ¦ (2+3)*4 ¦ 10-3-2 ¦ 100/10/2 ¦ 'a'~1~none~true~1.5 ¦ 1~2+3 ¦ s~missing~'!'
1<2 ¦ 2<=2 ¦ 1<2<3 ¦ 3>2>2 ¦ 1==1.0 ¦ 1==true ¦ '1'==1 ¦ none==none ¦ missing==missing ¦ [1,2]==[1,2] ¦ {'a':1}=={'a':1.0} ¦ (1,)==[1] ¦ 'a'<'b' ¦ 'B'<'a' ¦ [1,2]<[1,3] ¦ 1<'a' ¦ none<1 ¦ l!=l ¦ 'é'>'z'
1 in l ¦ 4 in l ¦ 'ell' in s ¦ '' in s ¦ 1 in 'a' ¦ 'b' in d ¦ 'x' not in d ¦ 1 not in l ¦ 1 in missing ¦ 1 in none ¦ none in [none] ¦ [1] in nested ¦ 1 in 5
not t ¦ not e ¦ t and s ¦ e and s ¦ e or s ¦ nil or 0 or 'z' ¦ not t or t ¦ t and not no ¦ 1 if t else 2 ¦ 1 if no ¦ (1 if no) ¦ 'a' if e else 'b' if no else 'c' ¦ 1 if z else 2 if t else 3
l[0] ¦ l[-1] ¦ l[5] ¦ l['x'] ¦ s[0] ¦ s[-1] ¦ s[100] ¦ d['b'] ¦ d['zz'] ¦ d.b ¦ d.zz ¦ d['items'] ¦ d.a[1].x ¦ deep.a.b.c[1] ¦ deep['a'].b['c'] ¦ nil.x ¦ nil['x'] ¦ missing.x ¦ missing['x'] ¦ s.foo ¦ l.0 ¦ l.1 ¦ people.0.name ¦ people[0]['tags'][0] ¦ (1,2)[1]
l[1:] ¦ l[:-1] ¦ l[::-1] ¦ l[::2] ¦ s[1:4] ¦ s[-3:] ¦ s[::-1] ¦ s[5:1] ¦ s[100:] ¦ l[1:1] ¦ (1,2,3)[1:] ¦ d[1:2] ¦ l[::0] ¦ s[4:0:-2] ¦ l[:none] ¦ 'abc'[true:] ¦ s[-100:2] ¦ l[-100:100:1]
s.upper() ¦ s.lower() ¦ u.upper() ¦ u.lower() ¦ u.title() ¦ u.capitalize() ¦ u.swapcase() ¦ s.split(', ') ¦ s.split() ¦ s.split('l') ¦ s.split('l',1) ¦ s.rsplit('l',1) ¦ ws.split() ¦ e.split() ¦ e.split(',') ¦ 'a,b,,c'.split(',') ¦ s.split('') ¦ 'a  b c'.split(none,1) ¦ '  a b c '.rsplit(none,1) ¦ lines.splitlines() ¦ lines.splitlines(true) ¦ 'a\x0bb\u2028c'.splitlines()
ws.strip() ¦ ws.lstrip() ¦ ws.rstrip() ¦ 'xxaxx'.strip('x') ¦ 'xyaxy'.lstrip('yx') ¦ s.startswith('Hell') ¦ s.endswith(('x','ld')) ¦ s.startswith('W',7) ¦ s.replace('l','L') ¦ s.replace('l','L',1) ¦ 'aaa'.replace('','-') ¦ 'aaa'.replace('aa','b') ¦ s.find('o') ¦ s.rfind('o') ¦ s.find('zz') ¦ s.index('o') ¦ s.index('zz') ¦ s.count('l') ¦ 'aaaa'.count('aa') ¦ ''.count('') ¦ s.find('o',5) ¦ s.find('o',-3)
'-'.join(names) ¦ '-'.join('abc') ¦ '-'.join(l) ¦ ', '.join([]) ¦ 'a-b-c'.partition('-') ¦ 'a-b-c'.rpartition('-') ¦ 'abc'.partition('x') ¦ 'abc'.rpartition('x') ¦ 'abc'.removeprefix('a') ¦ 'abc'.removesuffix('c') ¦ '5'.zfill(3) ¦ '-5'.zfill(4) ¦ 'ab'.center(7) ¦ 'abc'.center(6) ¦ 'ab'.ljust(4,'.')~'|' ¦ 'ab'.rjust(4) ¦ 'x'.center(4,'**')
'12'.isdigit() ¦ '1a'.isdigit() ¦ '²'.isdigit() ¦ '²'.isdecimal() ¦ '½'.isnumeric() ¦ 'aé'.isalpha() ¦ 'a1'.isalnum() ¦ ' \n'.isspace() ¦ ''.isspace() ¦ 'ABC'.isupper() ¦ 'aBC'.islower() ¦ 'abc1'.islower() ¦ 'é'.isascii() ¦ 'a\n'.isprintable()
'{} {}'.format(1,'a') ¦ '{0}{1}{0}'.format('x',2) ¦ '{a}-{b}'.format(a=1,b=none) ¦ '{{}}'.format() ¦ '{:>5}|{:<5}|{:^5}'.format('a','b','c') ¦ '{:05d}|{:+d}|{:,}'.format(42,7,1234567) ¦ '{:.2f}|{:8.3f}|{:e}|{:%}'.format(3.14159,2.5,12345.678,0.25) ¦ '{:x}|{:X}|{:o}|{:b}'.format(255,255,8,5) ¦ '{!r}'.format('a') ¦ '{0[a]}'.format(d) ¦ '{0.name}'.format(people[0]) ¦ '{}'.format() ¦ '{'.format(1) ¦ '{:*^9}'.format('mid') ¦ '{:6}|{:<6}|{:06.1f}'.format(5,5,2.25) ¦ '{:g}|{:g}'.format(0.00001,123456789.0)
'%s and %s'|format('a',1) ¦ '%d%%' % 5 ¦ '%s' % (1,) ¦ '%s %s' % ('a','b') ¦ '%05.1f|%-5d|%+d' % (2.25,3,4) ¦ '%(a)s' % {'a': 1} ¦ '%x %X %o' % (255,255,8) ¦ '%s' % none ¦ '%r' % 'a' ¦ '%d' % 'a' ¦ '%s %s' % 'a' ¦ '%s' % [1,2] ¦ '%5s|%-5s' % ('a','b') ¦ '%.2s' % 'abc'
d.get('b') ¦ d.get('zz') ¦ d.get('zz',9) ¦ d.keys()|list ¦ d.values()|list ¦ d.items()|list ¦ d|items|list ¦ missing|items|list ¦ d.pop('b') ¦ l.append(1) ¦ l.index(1) ¦ l.count(1) ¦ l.index(9) ¦ d.update({}) ¦ l.copy() ¦ d.copy() == d
s is defined ¦ missing is defined ¦ missing is undefined ¦ nil is none ¦ nil is not none ¦ n is number ¦ f is float ¦ n is integer ¦ t is integer ¦ t is number ¦ t is boolean ¦ s is string ¦ l is sequence ¦ s is sequence ¦ d is mapping ¦ d is sequence ¦ n is iterable ¦ l is iterable ¦ missing is iterable ¦ missing is sequence ¦ range is callable ¦ n is odd ¦ n is even ¦ z is even ¦ n is divisibleby 7 ¦ n is divisibleby(2) ¦ t is true ¦ 1 is true ¦ no is false ¦ nil is sameas none ¦ s is lower ¦ 'ABC' is upper ¦ 1 is in l ¦ n is eq 7 ¦ n is ne 7 ¦ n is gt 3 ¦ n is lt(3) ¦ n is ge 7 ¦ 'upper' is filter ¦ 'zzz' is filter ¦ 'odd' is test ¦ s is equalto 'Hello, World' ¦ not s is string ¦ d.b is defined and d.b ¦ s is not string
s|upper ¦ u|lower ¦ html|e ¦ html|escape ¦ s|title ¦ 'a-b (c) d_e'|title ¦ u|capitalize ¦ ws|trim ¦ 'xax'|trim('x') ¦ n|string ¦ missing|upper ¦ nil|upper ¦ 5|upper ¦ s|length ¦ l|length ¦ d|length ¦ missing|length ¦ n|length ¦ s|count ¦ ws|trim|length ¦ s|reverse ¦ l|reverse|list ¦ s|first ¦ l|first ¦ l|last ¦ s|last ¦ []|first ¦ []|last ¦ ''|first ¦ d|first
missing|default('x') ¦ e|default('x') ¦ e|default('x',true) ¦ nil|default('x') ¦ nil|d('x',boolean=true) ¦ z|default(5,true) ¦ l|join ¦ l|join(', ') ¦ people|join(', ',attribute='name') ¦ people|map(attribute='name')|join(',') ¦ people|map(attribute='f.g',default=0)|list ¦ names|map('upper')|list ¦ l|map('string')|join('') ¦ names|map('nofilter')|list ¦ s|list ¦ l|list ¦ d|list ¦ none|list
people|selectattr('age','gt',1)|map(attribute='name')|list ¦ people|selectattr('tags')|list|length ¦ people|rejectattr('tags','defined')|map(attribute='name')|list ¦ l|select('odd')|list ¦ l|reject('eq',1)|list ¦ l|select|list ¦ people|selectattr('name','equalto','Ann')|first ¦ none|map('upper')|list ¦ none|select|list ¦ names|select('in',['A'])|list ¦ people|selectattr('zzz','undefined')|list|length
l|sort ¦ l|sort(reverse=true) ¦ names|sort ¦ names|sort(case_sensitive=true) ¦ people|sort(attribute='age')|map(attribute='name')|list ¦ d|dictsort ¦ d|dictsort(by='key',reverse=true) ¦ {'b':1,'A':0}|dictsort ¦ {'b':1,'a':2}|dictsort(by='value') ¦ l|min ¦ l|max ¦ names|min ¦ []|max ¦ []|max is undefined ¦ l|sum ¦ people|sum(attribute='age') ¦ l|sum(start=10) ¦ [1,1,2,'a','A']|unique|list ¦ [1,'a']|sort ¦ people|max(attribute='age')
d|tojson ¦ l|tojson ¦ s|tojson ¦ q|tojson ¦ nil|tojson ¦ t|tojson ¦ floats|tojson ¦ html|tojson ¦ d|tojson(indent=2) ¦ []|tojson(indent=2) ¦ {}|tojson ¦ nested|tojson(indent=1) ¦ d|tojson(separators=(',',':')) ¦ {'b':1,'a':2}|tojson(sort_keys=true) ¦ u|tojson(ensure_ascii=true) ¦ '👋'|tojson(ensure_ascii=true) ¦ missing|tojson ¦ {1:2,none:3,true:4}|tojson ¦ (1,2)|tojson ¦ d|tojson(indent='--') ¦ '\x01\x7f\u2028'|tojson
f|int ¦ '12'|int ¦ '12.7'|int ¦ 'x'|int ¦ 'x'|int(5) ¦ 'ff'|int(0,16) ¦ nil|int ¦ '1.5'|float ¦ 'x'|float ¦ n|float ¦ neg|abs ¦ f|round ¦ 2.567|round(2) ¦ 2.5|round ¦ 3.5|round ¦ n|round ¦ 2.1|round(0,'ceil') ¦ 2.19|round(1,'floor') ¦ -2.5|abs ¦ '  7 '|int ¦ 1e3|int
'a\nb\n\nc'|indent ¦ 'a\nb'|indent(2,true) ¦ 'a\n\nb'|indent(2,blank=true) ¦ 'a\nb'|indent('> ') ¦ s|replace('l','L') ¦ s|replace('l','L',1) ¦ 5|replace(5,6) ¦ s|center(20)~'|' ¦ s|truncate(9) ¦ s|truncate(9,true) ¦ 'foo bar baz qux'|truncate(9) ¦ 'foo bar'|truncate(3,leeway=9) ¦ 'a b-c d'|wordcount ¦ l|batch(2)|list ¦ l|batch(2,0)|list ¦ [1,2,3,4]|slice(3)|list ¦ l|slice(2,'x')|list ¦ d|attr('b') ¦ people|first|attr('zz')
html|safe ¦ html|safe|upper ¦ '<a>'|safe+'<b>' ¦ '<b>'+('<a>'|safe) ¦ ('<a>'|safe)~'<b>' ¦ ('<a>'|safe|string)+'<' ¦ ('a'|safe) is escaped ¦ '<'|e|e ¦ '<'|e|forceescape
range(3)|list ¦ range(1,7,2)|list ¦ range(3,0,-1)|list ¦ range(0)|list ¦ range(1,2,0) ¦ dict(a=1,b='x') ¦ dict([('a',1)]) ¦ dict({'a':1},b=2) ¦ namespace(a=1).a ¦ namespace(a=1).b ¦ strftime_now('%Y-%m-%d %H:%M:%S') ¦ strftime_now('%d %b %Y, %A %B %-d %j %p %I') ¦ strftime_now('') ¦ raise_exception('no') ¦ missing() ¦ s() ¦ nil() ¦ n.foo() ¦ d.b()
'a' 'b' ¦ "a\n\t\x41\u00e9\U0001F44B\101\q\é" ¦ 'it\'s' ¦ 1_000 ¦ 0x1F ¦ 0b101 ¦ 0o17 ¦ 1e3 ¦ 1.5e-3 ¦ 1_0.2_5 ¦ true ¦ True ¦ none ¦ None ¦ [1,2,] ¦ {'a':1,} ¦ (1,) ¦ 012 ¦ 0x ¦ 1. ¦ 1.e3
'a' if missing else 'b' ¦ missing.a.b ¦ (missing|default({})).a ¦ missing or 'x' ¦ missing ~ 'x' ¦ missing + 'x' ¦ missing|list ¦ missing is sameas missing ¦ missing and missing.x ¦ [missing] ¦ {'a': missing} ¦ missing == none ¦ missing < 1
l|join(d='-') ¦ s|replace(old='l',new='') ¦ s.split(sep=', ') ¦ s.split(sep=', ',maxsplit=0) ¦ l|nofilter ¦ l is notest ¦ l.nomethod() ¦ s.__class__ ¦ l.__class__.__mro__ ¦ ''.__class__() ¦ d.__init__ ¦ (l) ¦ ((l)) ¦ [l][0][0] ¦ {'k': l}['k'][0] ¦ {'k': l}.k ¦ l|first|string|upper
"""


STATEMENTS = [
    "a{% if t %}b{% elif n %}c{% else %}d{% endif %}e", "{% if no %}b{% elif n == 7 %}c{% else %}d{% endif %}", "{% if no %}{% endif %}",
    "{% for x in l %}{{ x }},{% endfor %}", "{% for x in [] %}a{% else %}none{% endfor %}", "{% for x in l if x > 1 %}{{ loop.index }}/{{ loop.length }}:{{ x }} {% else %}-{% endfor %}",
    "{% for x in l %}{{ loop.index0 }}{{ loop.index }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.first }}{{ loop.last }}{{ loop.previtem }}{{ loop.nextitem }}{{ loop.cycle('a','b') }}{{ loop.changed(x > 1) }}{{ loop.depth }};{% endfor %}",
    "{% for k, v in d.items() %}{{ k }}={{ v }};{% endfor %}", "{% for a, (b, c) in [(1, (2, 3))] %}{{ a+b+c }}{% endfor %}", "{% for a, b in [1] %}{% endfor %}", "{% for a, b in [(1,2,3)] %}{% endfor %}",
    "{% for k in d %}{{ k }}{% endfor %}", "{% for c in s %}{{ c }}.{% endfor %}", "{% for x in missing %}a{% else %}b{% endfor %}", "{% for x in none %}{% endfor %}", "{% for x in 5 %}{% endfor %}",
    "{% for x in l %}{% if x == 1 %}{% continue %}{% endif %}{{ x }}{% endfor %}", "{% for x in l %}{% if x == 1 %}{% break %}{% endif %}{{ x }}{% endfor %}|{{ x }}",
    "{% set x = 1 %}{% for i in l %}{{ x }}{% set x = i %}{{ x }} {% endfor %}{{ x }}", "{% set ns = namespace(x=0) %}{% for i in l %}{% set ns.x = ns.x + i %}{% endfor %}{{ ns.x }}", "{% set ns.x = 1 %}", "{% set d.x = 1 %}",
    "{% set a, b = 1, 2 %}{{ a }}{{ b }}", "{% set a = 1, 2 %}{{ a }}", "{% set x %}a{{ n }}b{% endset %}{{ x }}{{ x|length }}", "{% set x | upper | replace('A', 'z') %}ab{{ s }}{% endset %}{{ x }}", "{% set x = x|default(3) %}{{ x }}",
    "{% macro m(a, b=2, c=a) %}{{ a }}{{ b }}{{ c }};{% endmacro %}{{ m(1) }}{{ m(1, 3) }}{{ m(a=5, c=7) }}{{ m() }}", "{% macro m(a) %}{% endmacro %}{{ m(1, 2) }}", "{% macro m(a) %}{% endmacro %}{{ m(b=2) }}",
    "{% macro m() %}{{ varargs }}{{ kwargs }}{% endmacro %}{{ m(1, 2, x=3) }}", "{% macro m() %}<{{ caller() }}>{% endmacro %}{% call m() %}in{{ n }}{% endcall %}", "{% macro m() %}{{ caller(1, 2) }}{% endmacro %}{% call(a, b) m() %}{{ a }}-{{ b }}{% endcall %}", "{% macro m() %}x{% endmacro %}{% call m() %}{% endcall %}",
    "{% macro f(x) %}{{ x }}{% if x > 0 %}{{ f(x - 1) }}{% endif %}{% endmacro %}{{ f(5) }}", "{% set y = 1 %}{% macro m() %}{{ y }}{% endmacro %}{% set y = 2 %}{{ m() }}", "{% macro m() %}{% set q = 5 %}{% endmacro %}{{ m() }}{{ q }}", "{{ m() }}{% macro m() %}{% endmacro %}",
    "{% for x in nested recursive %}[{% if x is iterable %}{{ loop(x) }}{% else %}{{ x }}@{{ loop.depth }}{% endif %}]{% endfor %}", "{% for x in l %}{{ loop(l) }}{% endfor %}", "{% for x in l %}{% for y in l %}{{ loop.index }}{% endfor %}{{ loop.index }} {% endfor %}",
    "{% with a = 1, b = n %}{{ a }}{{ b }}{% set c = 3 %}{% endwith %}{{ a }}{{ c }}", "{% with %}{% set a = 1 %}{{ a }}{% endwith %}", "{% filter upper|replace('A', '_') %}ab{{ s }}{% endfilter %}", "{% generation %}a{% set g = 1 %}{{ n }}{% endgeneration %}{{ g }}", "{% raw %}{{ a }}{% if %}{% endraw %}b", "{%- raw -%} {{ x }} {%- endraw -%} b", "{% print n %}",
    "a {#- c -#} b", "a {# c #} b", "  {# c #}\nb", "{# a {{ b }} #}c", "{#- {% raw %} -#}x", "a\n  {% if t %}\n  b\n  {% endif %}\nc\n", "a\n  {%+ if t %}\n  b\n  {%+ endif %}\nc", "a  {%- if t -%}  b  {%- endif -%}  c", "a {{- n -}} b", "a {{ n }} \n b", "{{ n }}\n", "{{ n }}\n\n", "\n\na\r\nb\rc\n", "  {% if t +%}\n x{% endif %}", "\t{% set a = 1 %}\n\t{{ a }}\n", "x {% if t %} y {% endif %} z", "{% if t %}\n\n{% endif %}", "  {{ n }}  \n  {% if t %}{{ n }}{% endif %}  \n", "{{ '{{' }}{{ '%}' }}", "{{ {'a': {'b': 1}} }}", "{{ {'a': {'b': 1}}['a']}}", "{%- for x in l -%}\n {{ x }} \n{%- endfor -%}",
    "{{", "{{ a", "{% if %}", "{% if t %}", "{% endif %}", "{% for %}{% endfor %}", "{% for x l %}{% endfor %}", "{{ 1 + }}", "{{ (1 }}", "{{ 1) }}", "{{ [1 }}", "{{ 'a }}", "{# a", "{% raw %}a", "{% foo %}", "{% set 1 = 2 %}", "{% set true = 2 %}", "{% set x %}", "{% macro %}{% endmacro %}", "{% macro m(a=1, b) %}{% endmacro %}", "{% break %}", "{{ a b }}", "{{ a | }}", "{{ a is }}", "{{ a.}}", "{{ a[ }}", "{{ f(a=1, 2) }}", "{{ f(*a, *b) }}", "{{ a ! b }}", "{{ a $ }}", "{{ }}", "{% %}", "{% if t %}{% for x in l %}{% endif %}{% endfor %}", "{% else %}", "{{ not }}", "{{ if }}", "{{ a is b is c }}",
    "{{ f(*l) }}{% macro f(a, b, c) %}{{ a }}{{ b }}{{ c }}{% endmacro %}", "{% macro f(a, b, c) %}{{ a }}{{ b }}{{ c }}{% endmacro %}{{ f(*l) }}{{ f(**{'a': 1}) }}{{ f(1, *[2], c=3) }}", "{% macro f() %}{% endmacro %}{{ f.name }}{{ f is callable }}{{ f }}"[:-7], "{{ messages[0].role }}{{ messages|length }}{{ tools is none }}{{ tools is defined }}{{ documents }}{{ add_generation_prompt }}{{ bos_token is defined }}",
    "{% for m in messages %}{{ m.role }}:{{ m['content'] }}{% if not loop.last %}|{% endif %}{% endfor %}", "{% set loop = 1 %}{{ loop }}", "{% if messages[0]['role'] == 'user' %}{% set rest = messages[1:] %}{% else %}{% set rest = messages %}{% endif %}{{ rest|length }}", "{% if l is string %}a{% elif l is sequence %}b{% endif %}", "{% for x in people|selectattr('age', 'gt', 1)|list %}{{ x.name }}{% endfor %}", "{% for x in l|reverse %}{{ x }}{{ loop.last }}{% endfor %}", "{% set it = l|map('string') %}{{ it|join }}{{ it|join }}", "{% for g in l|batch(2) %}{{ g }}{% endfor %}", "{{ l|map('string')|length }}", "{% set ns = namespace(d) %}{{ ns.b }}", "{% set ns = namespace() %}{% set ns._x = 1 %}", "{{ 'a' if t }}{{ 'b' if no }}", "{{ [1, 2][0] if t else [3][0] }}", "{{ ('a' if t) ~ ('b' if no) }}", "{%- set x = {'a': [1, 2], 'b': 'c'} -%}{{ x.a[1] }}{{ x.b }}",
]

CHATML = "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}{{ '<|im_start|>system\\nYou are a helpful assistant.<|im_end|>\\n' }}{% endif %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
TEMPLATES = {
    "chatml": CHATML,
    "llama2": """{% if messages[0]['role'] == 'system' %}{% set loop_messages = messages[1:] %}{% set system_message = messages[0]['content'] %}{% else %}{% set loop_messages = messages %}{% set system_message = false %}{% endif %}{% for message in loop_messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('Roles must take turns: user, assistant, user, …') }}{% endif %}{% if loop.index0 == 0 and system_message != false %}{% set content = '<<SYS>>\\n' + system_message + '\\n<</SYS>>\\n\\n' + message['content'] %}{% else %}{% set content = message['content'] %}{% endif %}{% if message['role'] == 'user' %}{{ bos_token + '[INST] ' + content.strip() + ' [/INST]' }}{% elif message['role'] == 'assistant' %}{{ ' ' + content.strip() + ' ' + eos_token }}{% endif %}{% endfor %}""",
    "llama3": """{{- bos_token }}
{%- if not date_string is defined %}
    {%- set date_string = strftime_now("%d %b %Y") %}
{%- endif %}
{%- if messages[0]['role'] == 'system' %}
    {%- set system_message = messages[0]['content'] | trim %}
    {%- set messages = messages[1:] %}
{%- else %}
    {%- set system_message = "" %}
{%- endif %}
{{- "<|start_header_id|>system<|end_header_id|>\\n\\nToday: " + date_string + "\\n" }}
{%- if tools is not none %}
    {%- for t in tools %}
        {{- t | tojson(indent=4) }}
        {{- "\\n\\n" }}
    {%- endfor %}
{%- endif %}
{{- system_message }}
{{- "<|eot_id|>" }}
{%- for message in messages %}
    {%- if not (message.role == 'ipython' or message.role == 'tool' or 'tool_calls' in message) %}
        {{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n' + message['content'] | trim + '<|eot_id|>' }}
    {%- elif 'tool_calls' in message %}
        {%- if not message.tool_calls | length == 1 %}
            {{- raise_exception("One call at a time!") }}
        {%- endif %}
        {%- set tool_call = message.tool_calls[0].function %}
        {{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' -}}
        {{- '{"name": "' + tool_call.name + '", ' }}
        {{- '"parameters": ' }}
        {{- tool_call.arguments | tojson }}
        {{- "}<|eot_id|>" }}
    {%- else %}
        {{- "<|start_header_id|>ipython<|end_header_id|>\\n\\n" }}
        {%- if message.content is mapping or message.content is iterable %}
            {{- message.content | tojson }}
        {%- else %}
            {{- message.content }}
        {%- endif %}
        {{- "<|eot_id|>" }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}
{%- endif %}
""",
    "mistral": """{%- set loop_messages = messages | rejectattr('role', 'equalto', 'system') | list %}
{%- set users = loop_messages | selectattr("role", "equalto", "user") | list %}
{%- set ns = namespace(index=0) %}
{%- for message in loop_messages if not (message.role == "tool" or message.tool_calls is defined) %}
    {%- if (message["role"] == "user") != (ns.index % 2 == 0) %}
        {{- raise_exception("Roles must take turns after the system message") }}
    {%- endif %}
    {%- set ns.index = ns.index + 1 %}
{%- endfor %}
{{- bos_token }}
{%- for message in loop_messages %}
    {%- if message["role"] == "user" %}
        {%- if tools is not none and (message == users[-1]) %}
            {{- "[AVAILABLE_TOOLS] [" }}
            {%- for tool in tools %}
                {%- set tool = tool.function %}
                {{- '{"type": "function", "function": {' }}
                {%- for key, val in tool.items() if key != "return" %}
                    {%- if val is string %}{{- '"' + key + '": "' + val + '"' }}{%- else %}{{- '"' + key + '": ' + val|tojson }}{%- endif %}
                    {%- if not loop.last %}{{- ", " }}{%- endif %}
                {%- endfor %}
                {{- "}}" }}
                {%- if not loop.last %}{{- ", " }}{%- else %}{{- "]" }}{%- endif %}
            {%- endfor %}
            {{- "[/AVAILABLE_TOOLS]" }}
        {%- endif %}
        {{- "[INST] " + message["content"] + "[/INST]" }}
    {%- elif message.tool_calls is defined and message.tool_calls is not none %}
        {{- "[TOOL_CALLS] [" }}
        {%- for tool_call in message.tool_calls %}
            {%- set out = tool_call.function|tojson %}
            {{- out[:-1] }}
            {%- if tool_call.id|length != 9 %}{{- raise_exception("Tool call IDs should be alphanumeric strings with length 9!") }}{%- endif %}
            {{- ', "id": "' + tool_call.id + '"}' }}{{- ", " if not loop.last else "]" + eos_token }}
        {%- endfor %}
    {%- elif message["role"] == "assistant" %}
        {{- " " + message["content"]|trim + eos_token }}
    {%- elif message["role"] == "tool" %}
        {{- '[TOOL_RESULTS] {"content": ' + message.content|string + "}[/TOOL_RESULTS]" }}
    {%- else %}
        {{- raise_exception("Unknown role: " ~ message.role) }}
    {%- endif %}
{%- endfor %}
""",
    "gemma": """{{ bos_token }}{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}{% for message in messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('Turns!') }}{% endif %}{% if (message['role'] == 'assistant') %}{% set role = 'model' %}{% else %}{% set role = message['role'] %}{% endif %}{{ '<start_of_turn>' + role + '\\n' + message['content'] | trim + '<end_of_turn>\\n' }}{% endfor %}{% if add_generation_prompt %}{{'<start_of_turn>model\\n'}}{% endif %}""",
    "phi3": """{% for message in messages %}{% if message['role'] == 'system' and message['content'] %}{{'<|system|>\\n' + message['content'] + '<|end|>\\n'}}{% elif message['role'] == 'user' %}{{'<|user|>\\n' + message['content'] + '<|end|>\\n'}}{% elif message['role'] == 'assistant' %}{{'<|assistant|>\\n' + message['content'] + '<|end|>\\n'}}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>\\n' }}{% else %}{{ eos_token }}{% endif %}""",
    "qwen": """{%- macro text(content) %}
    {%- if content is string %}
        {{- content }}
    {%- else %}
        {%- for item in content %}
            {%- if item.type == 'text' or 'text' in item %}{{- item.text }}{%- else %}{{- '<|image|>' }}{%- endif %}
        {%- endfor %}
    {%- endif %}
{%- endmacro %}
{%- if tools %}
    {{- '<|im_start|>system\\n' }}
    {%- if messages[0].role == 'system' %}
        {{- text(messages[0].content) + '\\n\\n' }}
    {%- endif %}
    {{- "# Tools\\n\\n<tools>" }}
    {%- for tool in tools %}
        {{- "\\n" }}
        {{- tool | tojson }}
    {%- endfor %}
    {{- "\\n</tools><|im_end|>\\n" }}
{%- elif messages[0].role == 'system' %}
    {{- '<|im_start|>system\\n' + text(messages[0].content) + '<|im_end|>\\n' }}
{%- endif %}
{%- set ns = namespace(multi_step_tool=true, last_query_index=messages|length - 1) %}
{%- for message in messages[::-1] %}
    {%- set index = (messages|length - 1) - loop.index0 %}
    {%- if ns.multi_step_tool and message.role == "user" and not(message.content is string and message.content.startswith('<tool_response>') and message.content.endswith('</tool_response>')) %}
        {%- set ns.multi_step_tool = false %}
        {%- set ns.last_query_index = index %}
    {%- endif %}
{%- endfor %}
{%- for message in messages %}
    {%- set content = text(message.content or '') %}
    {%- if (message.role == "user") or (message.role == "system" and not loop.first) %}
        {{- '<|im_start|>' + message.role + '\\n' + content + '<|im_end|>' + '\\n' }}
    {%- elif message.role == "assistant" %}
        {%- set reasoning = '' %}
        {%- if message.reasoning_content is string %}
            {%- set reasoning = message.reasoning_content %}
        {%- elif '</think>' in content %}
            {%- set reasoning = content.split('</think>')[0].rstrip('\\n').split('<think>')[-1].lstrip('\\n') %}
            {%- set content = content.split('</think>')[-1].lstrip('\\n') %}
        {%- endif %}
        {%- if loop.index0 > ns.last_query_index and (loop.last or reasoning) %}
            {{- '<|im_start|>' + message.role + '\\n<think>\\n' + reasoning.strip('\\n') + '\\n</think>\\n\\n' + content.lstrip('\\n') }}
        {%- else %}
            {{- '<|im_start|>' + message.role + '\\n' + content }}
        {%- endif %}
        {%- if message.tool_calls %}
            {%- for tool_call in message.tool_calls %}
                {%- if (loop.first and content) or (not loop.first) %}{{- '\\n' }}{%- endif %}
                {%- if tool_call.function %}{%- set tool_call = tool_call.function %}{%- endif %}
                {{- '<tool_call>\\n{"name": "' + tool_call.name + '", "arguments": ' }}
                {%- if tool_call.arguments is string %}{{- tool_call.arguments }}{%- else %}{{- tool_call.arguments | tojson }}{%- endif %}
                {{- '}\\n</tool_call>' }}
            {%- endfor %}
        {%- endif %}
        {{- '<|im_end|>\\n' }}
    {%- elif message.role == "tool" %}
        {%- if loop.first or (messages[loop.index0 - 1].role != "tool") %}{{- '<|im_start|>user' }}{%- endif %}
        {{- '\\n<tool_response>\\n' + content + '\\n</tool_response>' }}
        {%- if loop.last or (messages[loop.index0 + 1].role != "tool") %}{{- '<|im_end|>\\n' }}{%- endif %}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
    {%- if enable_thinking is defined and enable_thinking is false %}{{- '<think>\\n\\n</think>\\n\\n' }}{%- endif %}
{%- endif %}""",
}


def user(text):
    return {"role": "user", "content": text}


def assistant(text, **fields):
    return {"role": "assistant", "content": text, **fields}


def system(text):
    return {"role": "system", "content": text}


TOOLS = [{"type": "function", "function": {"name": "weather", "description": "The \"weather\" at a <place>.", "parameters": {
    "type": "object", "properties": {"city": {"type": "string", "enum": ["Köln", "東京"]}, "days": {"type": "integer", "default": 3}},
    "required": ["city"]}, "return": {"type": "string"}}}]
CALL = {"id": "abcdef123", "type": "function", "function": {"name": "weather", "arguments": {"city": "Köln", "days": 2.5, "deep": [None, True]}}}
RESULT = {"role": "tool", "name": "weather", "tool_call_id": "abcdef123", "content": "12 °C"}
CONVERSATIONS = {
    "one": {"messages": [user("Hello!")]},
    "system": {"messages": [system(" Be terse. "), user(" Hi \n"), assistant("Hello."), user("How are you?")]},
    "unicode": {"messages": [system("系统 „x“"), user("Привет 👋🏽 'a' \"b\" \\n\t"), assistant("𝔘 ß"), user("שלום\u200f")]},
    "empty": {"messages": [system(""), user(""), assistant(""), user("")]},
    "nobody": {"messages": []},
    "tools": {"messages": [user("Weather?")], "tools": TOOLS},
    "calls": {"messages": [system("s"), user("Weather?"), assistant("", tool_calls=[CALL]), RESULT, assistant("12 °C."), user("Thanks")], "tools": TOOLS},
    "pending": {"messages": [user("Weather?"), {"role": "assistant", "content": None, "tool_calls": [CALL, CALL]}, RESULT, RESULT], "tools": TOOLS},
    "reasoning": {"messages": [user("1+1?"), assistant("2", reasoning_content="One\nand one.\n"), user("2+2?"), assistant("<think>\nhm\n</think>\n\n4"), user("ok")]},
    "thinking": {"messages": [user("1+1?"), assistant("2", thinking="hm"), RESULT], "variables": {"enable_thinking": True}},
    "quick": {"messages": [user("Hi")], "variables": {"enable_thinking": False, "date_string": "1 Jan 2025"}},
    "parts": {"messages": [user([{"type": "text", "text": "What is"}, {"type": "image"}, {"type": "text", "text": " this?"}])]},
    "answered": {"messages": [user("a"), assistant("b")], "add": False},
    "twice": {"messages": [user("a"), user("b")]},
    "first": {"messages": [assistant("x"), user("a")]},
}
TOKENS = {"bos_token": "<s>", "eos_token": "</s>"}


def render(template, conversation):
    """The text, or what the template refuses the conversation with, in a list; None where it fails."""
    variables = {**TOKENS, **conversation.get("variables", {})}
    try:
        rendered, _ = chat_template_utils.render_jinja_template(
            [copy.deepcopy(conversation["messages"])], tools=conversation.get("tools"), documents=conversation.get("documents"),
            chat_template=template, add_generation_prompt=conversation.get("add", True), **variables)
        return rendered[0]
    except Exception as error:
        return [str(error)] if type(error) is jinja2.exceptions.TemplateError else None


def main():
    chat_template_utils.datetime = FixedTime
    context = {"messages": [user("a"), assistant("b")], "variables": VARIABLES}
    snippets = ["{{ " + e + " }}" for line in EXPRESSIONS.strip().split("\n") for e in line.split(" ¦ ")] + STATEMENTS
    results = []
    for snippet in dict.fromkeys(snippets):
        text = render(snippet, context)
        results.append([snippet, None if isinstance(text, list) else text])
    fixture = {
        "variables": VARIABLES, "snippets": results, "templates": TEMPLATES, "conversations": CONVERSATIONS,
        "results": {name: {c: render(template, CONVERSATIONS[c]) for c in CONVERSATIONS} for name, template in TEMPLATES.items()},
    }
    path = os.path.join(os.path.dirname(__file__), "../Tests/AttentionTemplatesTests/Fixtures/chat_templates.json")
    with open(path, "w", encoding="utf-8") as file:
        json.dump(fixture, file, ensure_ascii=False, separators=(",", ":"))
        file.write("\n")
    failing = [s for s, text in results if text is None]
    print(len(results), "snippets,", len(failing), "of which fail")
    if os.environ.get("SHOW"):
        for s, text in results:
            print(repr(s), "->", repr(text))


if __name__ == "__main__":
    main()
