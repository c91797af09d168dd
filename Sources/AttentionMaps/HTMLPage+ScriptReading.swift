extension HTMLPage {
    /// What the chosen token looks at: marks on the map, tinted tokens, the largest weights.
    static let readingScript = #"""
        // What the mouse is over comes before what was chosen.
        const current = () => {
          const query = hover?.query ?? state.query;
          const key = hover ? hover.key : state.key;
          const column = key === null ? -1 : matrix.columns.indexOf(key);
          return { query, key: column < 0 ? null : key, column };
        };
        const quoted = token => `“${token.text}”`;

        function placeMarks() {
          const { query, key, column } = current();
          at('band').style.transform = `translateY(${query * cell}px)`;
          at('spot').hidden = key === null;
          at('spot').style.transform = `translate(${column * cell}px, ${query * cell}px)`;
          [...at('rows').children].forEach((span, i) => span.classList.toggle('lit', i === query));
          [...at('columns').children].forEach((span, i) => span.classList.toggle('lit', i === column));
        }

        // The token buttons are made once; only their tints and numbers change.
        const queryChips = [], keyChips = [];
        function buildTokens() {
          const chip = (token, index, isButton) => {
            const box = document.createElement(isButton ? 'button' : 'span');
            box.className = 'token';
            const name = box.appendChild(document.createElement('bdi'));
            name.textContent = token.text;
            if (isButton) {
              box.type = 'button';
              box.addEventListener('click', () => choose({ query: index, key: null }));
            }
            return box;
          };
          keys.forEach((token, index) => {
            const box = chip(token, index, data.isSelfAttention);
            box.append(document.createElement('small'));
            keyChips.push(box);
          });
          if (data.isSelfAttention) queryChips.push(...keyChips);
          else queryChips.push(...queries.map((token, index) => chip(token, index, true)));
          at('keys').append(...keyChips);
          at('queries').hidden = data.isSelfAttention;
          if (!data.isSelfAttention) at('queries').append(...queryChips);
        }

        function drawReading() {
          const { query, key, column } = current();
          const row = matrix.weights.subarray(query * matrix.columnCount, (query + 1) * matrix.columnCount);
          placeMarks();
          at('reading-title').textContent = `${quoted(queries[query])} looks at…`;
          at('reading-note').textContent = data.isSelfAttention
            ? 'Choose another token to see where it looks.' : 'Above: the tokens that look. Below: what they see.';
          tintTokens(row, query, key);
          listLargest(row);
          at('readout').replaceChildren(...reading(row, query, column));
          root.dataset.query = query;
        }

        function reading(row, query, column) {
          if (row.every(weight => weight === 0)) {
            return [`${quoted(queries[query])} looks at nothing ${state.hidden ? 'but special tokens' : 'here'}.`];
          }
          if (column < 0) return [`Token ${query} of ${queries.length}: ${quoted(queries[query])}`];
          const weight = document.createElement('b');
          weight.textContent = row[column].toFixed(decimals);
          return [`${quoted(queries[query])} → ${quoted(keys[matrix.columns[column]])}: `, weight];
        }

        function tintTokens(row, query, key) {
          const scale = strongest(matrix);
          keyChips.forEach((chip, index) => {
            const column = matrix.columns.indexOf(index);
            const isShown = column >= 0;
            const color = isShown ? colorOf(row[column], scale) : null;
            chip.style.background = color ? `rgb(${color})` : '';
            chip.style.color = color ? inkOn(color) : '';
            chip.lastChild.textContent = isShown ? row[column].toFixed(decimals) : 'hidden';
            chip.classList.toggle('left-out', !isShown);
            chip.classList.toggle('spotted', index === key);
          });
          queryChips.forEach((chip, index) => {
            chip.classList.toggle('looking', index === query);
            chip.setAttribute('aria-pressed', index === query);
          });
        }

        // Black or white, whichever has the higher contrast on a colour (WCAG 2 relative luminance).
        function inkOn(color) {
          const [red, green, blue] = color.map(value => (value / 255) ** 2.2);
          return .2126 * red + .7152 * green + .0722 * blue > .179 ? '#17122a' : '#ffffff';
        }

        function listLargest(row) {
          const order = [...row.keys()].sort((a, b) => row[b] - row[a] || a - b);
          const listed = order.slice(0, 8).filter(column => row[column] > 0);
          at('top').replaceChildren(...listed.map(column => {
            const item = document.createElement('li');
            const name = item.appendChild(document.createElement('bdi'));
            const bar = item.appendChild(document.createElement('i'));
            const value = item.appendChild(document.createElement('output'));
            name.textContent = keys[matrix.columns[column]].text;
            bar.style.width = row[column] / row[order[0]] * 100 + '%';
            bar.style.background = `rgb(${colorOf(.25 + .6 * row[column] / row[order[0]], 1)})`;
            value.textContent = row[column].toFixed(decimals);
            return item;
          }));
          const others = order.slice(listed.length);
          const rest = others.reduce((sum, column) => sum + row[column], 0);
          at('rest').textContent = others.length === 0 ? ''
            : `${others.length} more ${others.length === 1 ? 'token' : 'tokens'}, together ${rest.toFixed(decimals)}`;
        }

        """#
}
