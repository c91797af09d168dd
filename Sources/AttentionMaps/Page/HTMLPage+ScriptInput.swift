extension HTMLPage {
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
          at('special-why').textContent = canHide ? ''
            : isSpecial.includes(true) ? '(every token is one)' : '(there are none)';
          at('special').addEventListener('change', event => choose({ special: event.target.checked }));
          at('first-switch').hidden = !canHideFirst;
          at('first-label').textContent = `Hide the first token (${keys[0].text})`;
          at('first').addEventListener('change', event => choose({ first: event.target.checked }));
          at('unseen-key').hidden = !data.visible;
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

        const revealChosen = () => reveal(state.query, Math.max(0, current().column));

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
          revealChosen();
          followPointer();
          at('thumbs').addEventListener('keydown', moveAmongThumbs);
          at('scroller').addEventListener('keydown', moveInMap);
          addEventListener('resize', fitMap);
          const redraw = () => { applyTheme(); drawThumbs(); drawMap(); drawReading(); };
          addEventListener('hashchange', () => { readAddress(); redraw(); revealChosen(); });
          systemDark.addEventListener('change', redraw);
        }
        start();

        """#
}
