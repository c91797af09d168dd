extension HTMLPage {
    /// Colours, thumbnails and the enlarged map.
    static let mapScript = #"""
        // 256 colours between the scale's stops, as [red, green, blue].
        let colors = [];
        function applyTheme() {
          if (state.theme) root.dataset.theme = state.theme; else delete root.dataset.theme;
          at('theme-name').textContent = isDark() ? 'Light' : 'Dark';
          const names = isDark() ? data.darkRamp : data.lightRamp;
          const stops = names.map(hex => [1, 3, 5].map(i => parseInt(hex.slice(i, i + 2), 16)));
          colors = Array.from({ length: 256 }, (_, level) => {
            const place = level / 255 * (stops.length - 1);
            const index = Math.min(Math.floor(place), stops.length - 2);
            return stops[index].map((from, i) => Math.round(from + (stops[index + 1][i] - from) * (place - index)));
          });
          at('ramp').style.background = 'linear-gradient(90deg,' + names.join() + ')';
        }
        const strongest = matrix => state.scale === 'same' ? 1 : matrix.largest || 1;
        const colorOf = (weight, scale) => colors[Math.min(255, Math.round(weight / scale * 255))];

        // Draws one pixel a weight, at most `limit` a side; the style sheet enlarges them. Where several
        // weights share a pixel the largest is shown: a mean would wash out thin diagonals. Where no key can
        // be seen the pixel is left clear, and the hatching behind it shows.
        function paint(canvas, matrix, limit) {
          const width = Math.min(matrix.columnCount, limit), height = Math.min(matrix.rowCount, limit);
          const pooled = new Float32Array(width * height).fill(-1);
          for (let row = 0, i = 0; row < matrix.rowCount; row++) {
            const base = Math.floor(row * height / matrix.rowCount) * width;
            for (let column = 0; column < matrix.columnCount; column++, i++) {
              const cell = base + Math.floor(column * width / matrix.columnCount);
              if (matrix.visible[i] && matrix.weights[i] > pooled[cell]) pooled[cell] = matrix.weights[i];
            }
          }
          canvas.width = width;
          canvas.height = height;
          canvas.classList.add('crisp');
          const context = canvas.getContext('2d');
          const image = context.createImageData(width, height);
          const scale = strongest(matrix);
          pooled.forEach((weight, i) => {
            if (weight < 0) return;
            image.data.set(colorOf(weight, scale), 4 * i);
            image.data[4 * i + 3] = 255;
          });
          context.putImageData(image, 0, 0);
        }

        const nameOf = (layer, head) => head === 'rollout' ? 'Roll-out through all layers'
          : layer === 'all' ? 'Mean of all layers and heads'
          : head === 'mean' ? `Layer ${layer}, mean of its heads` : `Layer ${layer}, head ${head}`;

        // One button a map; rows are layers, the last row combines them.
        const thumbs = [];
        function buildThumbs() {
          const grid = at('thumbs');
          grid.style.setProperty('--columns', heads.length + 1);
          const label = (text, name) => {
            const span = document.createElement('span');
            span.textContent = text;
            span.className = name;
            span.setAttribute('aria-hidden', 'true');
            grid.append(span);
          };
          const thumb = (layer, head, row, column) => {
            const button = document.createElement('button');
            button.type = 'button';
            button.className = 'thumb';
            button.setAttribute('aria-label', nameOf(layer, head));
            button.title = nameOf(layer, head);
            const canvas = button.appendChild(document.createElement('canvas'));
            button.addEventListener('click', () => {
              choose({ layer, head });
              showMap();
            });
            grid.append(button);
            thumbs.push({ button, canvas, layer, head, row, column });
          };
          ['', ...heads, 'mean'].forEach((text, i) => label(text, i ? 'number' : 'number layer'));
          layers.forEach((layer, row) => {
            label(layer, 'layer');
            [...heads, 'mean'].forEach((head, column) => thumb(layer, head, row, column));
          });
          label('all', 'layer');
          if (storedRollout) {
            for (let i = 1; i < heads.length; i++) label('', '');
            thumb('all', 'rollout', layers.length, heads.length - 1);
            grid.lastChild.previousSibling.textContent = heads.length > 2 ? 'roll' : '';
          } else for (let i = 0; i < heads.length; i++) label('', '');
          thumb('all', 'mean', layers.length, heads.length);
        }

        function drawThumbs() {
          for (const thumb of thumbs) {
            // One pixel of the screen at the least, or thin lines would break up.
            const limit = Math.max(16, Math.floor(thumb.canvas.clientWidth * devicePixelRatio));
            paint(thumb.canvas, shownMatrix(thumb.layer, thumb.head), limit);
          }
          root.dataset.ready = thumbs.length;
        }

        // Scrolls the overview inside its frame to the chosen map.
        function revealThumb() {
          const frame = at('frame');
          const chosen = thumbs.find(thumb => thumb.button.getAttribute('aria-pressed') === 'true')?.button;
          if (!chosen || frame.scrollHeight <= frame.clientHeight) return;
          const top = chosen.offsetTop;
          const least = top + chosen.offsetHeight + 8 - frame.clientHeight;
          frame.scrollTop = Math.max(least, Math.min(frame.scrollTop, top - 24));
        }

        // On a small screen the map may be out of sight when a head is chosen.
        function showMap() {
          const box = at('scroller').getBoundingClientRect();
          const inSight = Math.min(box.bottom, innerHeight) - Math.max(box.top, 0);
          if (inSight < Math.min(box.height, innerHeight) / 3) at('detail').scrollIntoView({ block: 'start' });
        }

        let matrix = null;  // the enlarged one
        let cell = 0;  // its squares' side in pixels

        function drawMap() {
          matrix = shownMatrix(state.layer, state.head);
          paint(at('map'), matrix, 4096);
          at('map-title').textContent = nameOf(state.layer, state.head);
          at('map-note').textContent = state.head === 'rollout'
            ? 'How far each token’s start (column) reaches each token’s end (row).' : '';
          at('sum-note').textContent = matrix.columnCount < keys.length
            ? 'Some columns are hidden, and every row is scaled to sum to 1 again.' : 'Every row sums to 1.';
          at('largest').textContent = strongest(matrix).toFixed(3);
          at('layer').value = state.layer;
          fillHeads();
          at('special').checked = state.special;
          at('first').checked = state.first;
          at('scale').checked = state.scale === 'same';
          for (const { button, layer, head } of thumbs) {
            const isChosen = layer === state.layer && head === state.head;
            button.setAttribute('aria-pressed', isChosen);
            button.tabIndex = isChosen ? 0 : -1;
          }
          revealThumb();
          labelSides();
          fitMap();
          root.dataset.map = `${matrix.rowCount}x${matrix.columnCount}`;
        }

        function labelSides() {
          const labels = (holder, tokens, isMarked) => holder.replaceChildren(...tokens.map((token, index) => {
            const span = document.createElement('span');
            span.textContent = span.title = token.text;
            span.dir = 'auto';
            span.classList.toggle('generated', isMarked(index));
            return span;
          }));
          labels(at('rows'), queries, index => isGenerated(index + (data.queryOffset ?? 0)));
          labels(at('columns'), matrix.columns.map(index => keys[index]), i => isGenerated(matrix.columns[i]));
        }

        // The largest squares that fit the room, down to what a finger and an eye can still tell apart.
        function fitMap() {
          const scroller = at('scroller');
          const board = scroller.firstElementChild;
          const apply = () => {
            board.style.setProperty('--cell', cell + 'px');
            board.style.setProperty('--label', Math.max(9.5, Math.min(13, cell * .72)) + 'px');
          };
          const least = matrix.columnCount > 96 ? 10 : 12;
          cell = cell || 24;
          for (let pass = 0; pass < 2; pass++) {  // labels grow with squares, so look twice
            apply();
            const room = scroller.clientWidth - at('rows').offsetWidth - 8;
            const others = at('detail').offsetHeight - scroller.offsetHeight + at('columns').offsetHeight;
            const start = Math.min(at('detail').getBoundingClientRect().top + scrollY, innerHeight / 4);
            const tall = Math.max(280, innerHeight - start - others - 14);
            const fit = Math.min(room / matrix.columnCount, Math.max(tall / matrix.rowCount, 16), 44);
            cell = Math.max(least, Math.floor(fit));
          }
          apply();
          const canvas = at('map');
          canvas.style.width = cell * matrix.columnCount + 'px';
          canvas.style.height = cell * matrix.rowCount + 'px';
          at('plane').classList.toggle('dense', cell < 12);
          placeMarks();
        }

        """#
}
