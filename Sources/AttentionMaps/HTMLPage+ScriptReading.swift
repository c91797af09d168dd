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

    /// Mouse, touch, keyboard and the page's start.
    static let inputScript = #"""
        function fillChoosers() {
          const option = value => new Option(value, value);
          at('layer').append(...layers.map(option), option('all'));
          at('layer').addEventListener('change', event => {
            const value = event.target.value;
            choose({ layer: value === 'all' ? 'all' : Number(value) });
          });
          at('head').addEventListener('change', event => {
            const value = event.target.value;
            choose({ head: /^\d+$/.test(value) ? Number(value) : value });
          });
          at('special').disabled = !canHide;
          at('special').addEventListener('change', event => choose({ hidden: event.target.checked }));
          at('scale').addEventListener('change', event => {
            choose({ scale: event.target.checked ? 'same' : 'own' });
          });
          at('theme').addEventListener('click', () => choose({ theme: isDark() ? 'light' : 'dark' }));
        }

        // Combining all layers leaves only combined heads to choose from.
        function fillHeads() {
          const values = state.layer === 'all' ? (storedRollout ? ['mean', 'rollout'] : ['mean'])
            : [...heads, 'mean'];
          const isSame = [...at('head').options].map(option => option.value).join() === values.join();
          if (!isSame) at('head').replaceChildren(...values.map(value => new Option(value === 'rollout' ? 'roll-out' : value, value)));
          at('head').value = state.head;
        }

        // Arrow keys move to the nearest map in that direction.
        function moveAmongThumbs(event) {
          const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
          const here = thumbs.find(thumb => thumb.button === event.target);
          if (!step || !here) return;
          event.preventDefault();
          const ahead = thumbs.filter(({ row, column }) => step[0]
            ? row === here.row + step[0] : row === here.row && Math.sign(column - here.column) === step[1]);
          const distance = thumb => Math.abs(thumb.column - here.column);
          const next = ahead.sort((a, b) => distance(a) - distance(b))[0];
          if (!next) return;
          here.button.tabIndex = -1;
          next.button.tabIndex = 0;
          next.button.focus();
        }

        function moveInMap(event) {
          const { query, column } = current();
          const last = { row: matrix.rowCount - 1, column: matrix.columnCount - 1 };
          const within = (value, end) => Math.max(0, Math.min(end, value));
          const start = Math.max(0, column);
          const target = {
            ArrowUp: [query - 1, column], ArrowDown: [query + 1, column], ArrowLeft: [query, start - 1],
            ArrowRight: [query, column + 1], Home: [query, 0], End: [query, last.column] }[event.key];
          if (!target) return;
          event.preventDefault();
          hover = null;
          const to = [within(target[0], last.row), target[1] < 0 ? -1 : within(target[1], last.column)];
          choose({ query: to[0], key: to[1] < 0 ? null : matrix.columns[to[1]] });
          reveal(to[0], Math.max(0, to[1]));
        }

        // Scrolls a large map so that a square is clear of the names that stay at its sides.
        function reveal(row, column) {
          const scroller = at('scroller');
          const left = column * cell, top = row * cell;
          const room = { x: scroller.clientWidth - at('rows').offsetWidth - cell,
            y: scroller.clientHeight - at('columns').offsetHeight - cell };
          scroller.scrollLeft = Math.min(left, Math.max(scroller.scrollLeft, left - room.x));
          scroller.scrollTop = Math.min(top, Math.max(scroller.scrollTop, top - room.y));
        }

        function followPointer() {
          const plane = at('plane');
          const under = event => {
            const box = plane.getBoundingClientRect();
            const query = Math.floor((event.clientY - box.top) / cell);
            const column = Math.floor((event.clientX - box.left) / cell);
            const isInside = query >= 0 && query < matrix.rowCount && column >= 0 && column < matrix.columnCount;
            return isInside ? { query, key: matrix.columns[column] } : null;
          };
          const show = place => {
            if (place?.query === hover?.query && place?.key === hover?.key) return;
            hover = place;
            drawReading();
          };
          const childAt = event => [...event.currentTarget.children].indexOf(event.target);
          // A finger scrolls; only a mouse hovers. Tapping and clicking choose.
          const onHover = (holder, place) => {
            holder.addEventListener('pointermove', event => { if (event.pointerType === 'mouse') show(place(event)); });
            holder.addEventListener('pointerleave', () => show(null));
            holder.addEventListener('click', event => {
              const chosen = place(event);
              hover = null;
              if (chosen) choose({ query: chosen.query ?? state.query, key: chosen.key });
            });
          };
          onHover(plane, under);
          onHover(at('rows'), event => {
            const query = childAt(event);
            return query < 0 ? null : { query, key: null };
          });
          onHover(at('columns'), event => {
            const column = childAt(event);
            return column < 0 ? null : { query: null, key: matrix.columns[column] };
          });
        }

        function start() {
          const bound = data.bits === 16 ? '16 bits and exact to 0.00001' : '8 bits and exact to 0.004, small ones finer';
          at('precision').textContent = `Weights on this page are stored in ${bound}; the JSON form has every digit.`;
          at('rollout-note').hidden = !storedRollout;
          readAddress();
          applyTheme();
          fillChoosers();
          buildThumbs();
          buildTokens();
          drawThumbs();
          drawMap();
          drawReading();
          followPointer();
          at('thumbs').addEventListener('keydown', moveAmongThumbs);
          at('scroller').addEventListener('keydown', moveInMap);
          addEventListener('resize', fitMap);
          const redraw = () => { applyTheme(); drawThumbs(); drawMap(); drawReading(); };
          addEventListener('hashchange', () => { readAddress(); redraw(); });
          systemDark.addEventListener('change', redraw);
        }
        start();

        """#
}
