extension HTMLPage {
    /// The page's script. It puts text into the page as text only, never as markup.
    package static let script =
        "'use strict';\n(() => {\n"
        + [dataScript, stateScript, mapScript, readingScript, inputScript].joined()
        + "})();\n"

    /// Unpacks the data and turns a choice of head into a matrix of weights.
    static let dataScript = #"""
        const root = document.documentElement;
        // What went wrong is left where a test, or a curious person, finds it.
        addEventListener('error', event => { root.dataset.error = event.message; });
        document.addEventListener('securitypolicyviolation', event => {
          root.dataset.error = 'blocked: ' + event.violatedDirective;
        });
        const at = id => document.getElementById(id);
        const data = JSON.parse(at('data').textContent);
        const { queries, keys, layers, heads } = data;
        const size = queries.length * keys.length;
        const ordinary = keys.flatMap((key, index) => key.isSpecial ? [] : [index]);
        const everyKey = keys.map((_, index) => index);
        const canHide = ordinary.length > 0 && ordinary.length < keys.length;

        // A stored number of 16 bits is weight × 65535, one of 8 bits √weight × 255.
        const meaning = data.bits === 16
          ? Float32Array.from({ length: 65536 }, (_, value) => value / 65535)
          : Float32Array.from({ length: 256 }, (_, value) => (value / 255) ** 2);
        const decimals = data.bits === 16 ? 4 : 3;

        function unpack(base64) {
          const text = atob(base64);
          const bytes = new Uint8Array(text.length);
          for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
          if (data.bits === 8) return bytes;
          const values = new Uint16Array(bytes.length / 2);
          for (let i = 0; i < values.length; i++) values[i] = bytes[2 * i] | bytes[2 * i + 1] << 8;
          return values;
        }
        const stored = unpack(data.weights);
        const storedRollout = data.rollout === undefined ? null : unpack(data.rollout);

        // The mean of some of the stored matrices, counted through [layer][head].
        function meanOf(source, first, count) {
          const sum = new Float32Array(size);
          for (let plane = first; plane < first + count; plane++) {
            for (let i = 0, from = plane * size; i < size; i++) sum[i] += meaning[source[from + i]];
          }
          if (count > 1) for (let i = 0; i < size; i++) sum[i] /= count;
          return sum;
        }

        // layer: a layer's number or 'all'; head: a head's number, 'mean' or 'rollout'.
        function weightsOf(layer, head) {
          if (head === 'rollout') return meanOf(storedRollout, 0, 1);
          if (layer === 'all') return meanOf(stored, 0, layers.length * heads.length);
          const first = layers.indexOf(layer) * heads.length;
          return head === 'mean' ? meanOf(stored, first, heads.length)
            : meanOf(stored, first + heads.indexOf(head), 1);
        }

        // The matrix as it is shown: without special columns, rows scaled to 1 again, if they are hidden.
        function shownMatrix(layer, head, hidden) {
          const all = weightsOf(layer, head);
          const columns = hidden ? ordinary : everyKey;
          const weights = new Float32Array(queries.length * columns.length);
          let largest = 0;
          for (let row = 0; row < queries.length; row++) {
            let sum = 0;
            for (const column of columns) sum += all[row * keys.length + column];
            const scale = hidden && sum > 0 ? 1 / sum : 1;
            for (let i = 0; i < columns.length; i++) {
              const weight = all[row * keys.length + columns[i]] * scale;
              weights[row * columns.length + i] = weight;
              if (weight > largest) largest = weight;
            }
          }
          return { weights, columns, largest, rowCount: queries.length, columnCount: columns.length };
        }

        """#

    /// What is chosen, and its form in the page's address.
    static let stateScript = #"""
        const state = { layer: layers[0], head: heads[0], query: 0, key: null, hidden: false, scale: 'own',
          theme: null };
        let hover = null;  // what the mouse is over: { query, key }, either may be null

        const firstQuery = Math.max(0, queries.findIndex(token => !token.isSpecial));
        const number = (text, allowed, fallback) => {
          const value = /^\d+$/.test(text ?? '') ? Number(text) : NaN;
          return allowed(value) ? value : fallback;
        };

        // Anything may stand in an address: what is not a possible choice is passed over.
        function readAddress() {
          const wanted = new URLSearchParams(location.hash.slice(1));
          const isAll = wanted.get('layer') === 'all';
          state.layer = isAll ? 'all' : number(wanted.get('layer'), n => layers.includes(n), layers[0]);
          const word = wanted.get('head');
          if (isAll) state.head = word === 'rollout' && storedRollout ? 'rollout' : 'mean';
          else state.head = word === 'mean' ? 'mean' : number(word, n => heads.includes(n), heads[0]);
          state.query = number(wanted.get('query'), n => n < queries.length, firstQuery);
          state.key = number(wanted.get('key'), n => n < keys.length, null);
          state.hidden = wanted.get('special') === 'hidden' && canHide;
          state.scale = wanted.get('scale') === 'same' ? 'same' : 'own';
          state.theme = ['light', 'dark'].find(name => name === wanted.get('theme')) ?? null;
        }

        function address() {
          const parts = new URLSearchParams({ layer: state.layer, head: state.head, query: state.query });
          if (state.key !== null) parts.set('key', state.key);
          if (state.hidden) parts.set('special', 'hidden');
          if (state.scale === 'same') parts.set('scale', 'same');
          if (state.theme) parts.set('theme', state.theme);
          return '#' + parts;
        }

        // Browsers limit how often an address may change, and a held arrow key changes it often.
        let addressTimer = 0;
        function writeAddress() {
          clearTimeout(addressTimer);
          addressTimer = setTimeout(() => {
            if (location.hash !== address()) history.replaceState(null, '', address());
          }, 200);
        }

        // Changes what is chosen and draws only what depends on it.
        function choose(changes) {
          const before = { ...state };
          Object.assign(state, changes);
          if (state.layer === 'all' && typeof state.head === 'number') state.head = 'mean';
          if (state.layer !== 'all' && state.head === 'rollout') state.head = 'mean';
          const changed = name => state[name] !== before[name];
          if (changed('theme')) applyTheme();
          if (changed('theme') || changed('hidden') || changed('scale')) drawThumbs();
          if (['theme', 'hidden', 'scale', 'layer', 'head'].some(changed)) drawMap();
          drawReading();
          writeAddress();
        }

        const systemDark = matchMedia('(prefers-color-scheme: dark)');
        const isDark = () => state.theme ? state.theme === 'dark' : systemDark.matches;

        """#
}
