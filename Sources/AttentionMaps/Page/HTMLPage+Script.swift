extension HTMLPage {
    /// The page's script. It puts text into the page as text only, never as markup.
    package static let script =
        "'use strict';\n(() => {\n"
        + [dataScript, stateScript, mapScript, readingScript, inputScript].joined()
        + "})();\n"

    /// Unpacks the data and turns a choice of head into a matrix of weights.
    static let dataScript = #"""
        const root = document.documentElement;
        // An error is left where a test, or a curious person, finds it.
        addEventListener('error', event => { root.dataset.error = event.message; });
        document.addEventListener('securitypolicyviolation', event => {
          root.dataset.error = 'blocked: ' + event.violatedDirective;
        });
        const at = id => document.getElementById(id);
        const data = JSON.parse(at('data').textContent);
        const { queries, keys, layers, heads } = data;
        const size = queries.length * keys.length;
        const isSpecial = keys.map(token => token.isSpecial);
        const canHide = isSpecial.includes(true) && isSpecial.includes(false);
        // Only a model that reads from left to right makes a sink of an ordinary first token.
        const canHideFirst = Boolean(data.visible) && keys.length > 1 && !isSpecial[0];
        const isGenerated = key => data.generatedFrom !== undefined && key >= data.generatedFrom;

        // The run of keys that a query can see: [first, end]. Combined layers see what one of them sees, and
        // roll-out reaches everything before that, too.
        function seen(layer, head, query) {
          if (!data.visible) return [0, keys.length];
          const { tables } = data.visible;
          const runs = layer === 'all' ? tables.map(table => table[query])
            : [tables[data.visible.layers[layers.indexOf(layer)]][query]];
          const filled = runs.filter(([first, end]) => end > first);
          if (filled.length === 0) return [0, 0];
          const first = head === 'rollout' ? 0 : Math.min(...filled.map(run => run[0]));
          return [first, Math.max(...filled.map(run => run[1]))];
        }

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

        // The matrix as it is shown: without hidden columns, rows then scaled to 1 again. `visible` tells of
        // each weight whether the query can see the key.
        function shownMatrix(layer, head) {
          const all = weightsOf(layer, head);
          const isHidden = key => (state.special && isSpecial[key]) || (state.first && key === 0);
          const columns = [...keys.keys()].filter(key => !isHidden(key));
          const isReduced = columns.length < keys.length;
          const weights = new Float32Array(queries.length * columns.length);
          const visible = new Uint8Array(weights.length);
          let largest = 0;
          for (let row = 0; row < queries.length; row++) {
            const [first, end] = seen(layer, head, row);
            let sum = 0;
            for (const column of columns) sum += all[row * keys.length + column];
            const scale = isReduced && sum > 0 ? 1 / sum : 1;
            for (let i = 0; i < columns.length; i++) {
              const weight = all[row * keys.length + columns[i]] * scale;
              weights[row * columns.length + i] = weight;
              visible[row * columns.length + i] = columns[i] >= first && columns[i] < end ? 1 : 0;
              if (weight > largest) largest = weight;
            }
          }
          return { weights, visible, columns, largest, rowCount: queries.length, columnCount: columns.length };
        }

        """#

    /// The choices, and their form in the page's address.
    static let stateScript = #"""
        const state = { layer: layers[0], head: heads[0], query: 0, key: null, special: false, first: false,
          scale: 'own', theme: null };
        let hover = null;  // the place of the mouse: { query, key }, either may be null

        const firstQuery = data.start.query ?? Math.max(0, queries.findIndex(token => !token.isSpecial));
        const number = (text, allowed) => {
          const value = /^\d+$/.test(text ?? '') ? Number(text) : NaN;
          return allowed(value) ? value : undefined;
        };
        const layerOf = word => word === 'all' ? 'all' : number(word, n => layers.includes(n));
        const headOf = (word, layer) => {
          if (layer === 'all') return word === 'rollout' && storedRollout ? 'rollout' : 'mean';
          return word === 'mean' ? 'mean' : number(word, n => heads.includes(n));
        };

        // Anything may stand in an address: an impossible choice is passed over, and the page's own stands.
        function readAddress() {
          const wanted = new URLSearchParams(location.hash.slice(1));
          const { start } = data;
          state.layer = layerOf(wanted.get('layer')) ?? layerOf(start.layer) ?? layers[0];
          state.head = headOf(wanted.get('head') ?? start.head, state.layer) ?? headOf(start.head, state.layer)
            ?? heads[0];
          state.query = number(wanted.get('query'), n => n < queries.length) ?? firstQuery;
          state.key = number(wanted.get('key'), n => n < keys.length) ?? null;
          const isHidden = name => wanted.has(name) ? wanted.get(name) === 'hidden' : start[name];
          state.special = isHidden('special') && canHide;
          state.first = isHidden('first') && canHideFirst;
          state.scale = wanted.get('scale') === 'same' ? 'same' : 'own';
          state.theme = ['light', 'dark'].find(name => name === wanted.get('theme')) ?? null;
        }

        function address() {
          const parts = new URLSearchParams({ layer: state.layer, head: state.head, query: state.query });
          if (state.key !== null) parts.set('key', state.key);
          for (const name of ['special', 'first']) {
            if (state[name] || data.start[name]) parts.set(name, state[name] ? 'hidden' : 'shown');
          }
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

        // Changes the choice and draws only the parts that depend on it.
        function choose(changes) {
          const before = { ...state };
          Object.assign(state, changes);
          if (state.layer === 'all' && typeof state.head === 'number') state.head = 'mean';
          if (state.layer !== 'all' && state.head === 'rollout') state.head = 'mean';
          const changed = name => state[name] !== before[name];
          if (changed('theme')) applyTheme();
          if (['theme', 'special', 'first', 'scale'].some(changed)) drawThumbs();
          if (['theme', 'special', 'first', 'scale', 'layer', 'head'].some(changed)) drawMap();
          drawReading();
          writeAddress();
        }

        const systemDark = matchMedia('(prefers-color-scheme: dark)');
        const isDark = () => state.theme ? state.theme === 'dark' : systemDark.matches;

        """#
}
