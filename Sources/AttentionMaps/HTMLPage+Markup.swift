extension HTMLPage {
    /// Four squares of the colour scale.
    static let icon =
        "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 4 4'%3E"
        + "%3Cpath fill='%23211252' d='M0 0h2v2H0z'/%3E%3Cpath fill='%23f38865' d='M2 0h2v2H2z'/%3E"
        + "%3Cpath fill='%23efc89f' d='M0 2h2v2H0z'/%3E%3Cpath fill='%23be2f83' d='M2 2h2v2H2z'/%3E%3C/svg%3E"

    static func header(model: String, text: String) -> String {
        """
        <header class="top">
          <div>
            <h1>What <bdi>\(MarkupText.escape(model))</bdi> looks at</h1>
            <p class="sentence" dir="auto">\(MarkupText.escape(text))</p>
          </div>
          <button type="button" id="theme" class="quiet" aria-label="Switch between light and dark">
            <span aria-hidden="true">◐</span> <span id="theme-name">Theme</span>
          </button>
        </header>
        <noscript><p class="card note">This page draws its maps with its own script, which is turned
        off.</p></noscript>
        """
    }

    static let main = """
        <main>
        <section class="card overview" aria-labelledby="overview-title">
          <h2 id="overview-title">Layers and heads</h2>
          <p class="hint">Each square is one head’s map. Choose one.
            <span class="wide">Rows: layers. Columns: heads, and their mean.</span></p>
          <div class="thumbs-scroller"><div id="thumbs" class="thumbs" role="group"
            aria-label="Maps of all heads; arrow keys move, Enter chooses"></div></div>
        </section>

        <section class="card detail" aria-labelledby="map-title">
          <div class="heading">
            <h2 id="map-title" aria-live="polite"></h2>
            <div class="choosers">
              <label>Layer <select id="layer"></select></label>
              <label>Head <select id="head"></select></label>
            </div>
          </div>
          <p class="hint" id="map-note"></p>
          <div class="switches">
            <label class="switch" id="special-switch"><input type="checkbox" id="special" role="switch">
              <span class="track" aria-hidden="true"></span> Hide special tokens</label>
            <label class="switch"><input type="checkbox" id="scale" role="switch">
              <span class="track" aria-hidden="true"></span> Same colours for every map (0–1)</label>
          </div>
          <div id="scroller" class="scroller" tabindex="0" role="application"
            aria-roledescription="attention map" aria-labelledby="map-title" aria-describedby="map-keys readout">
            <div class="board">
              <div class="corner"></div>
              <div id="columns" class="columns" aria-hidden="true"></div>
              <div id="rows" class="rows" aria-hidden="true"></div>
              <div id="plane" class="plane"><canvas id="map"></canvas>
                <div id="band" class="band"></div><div id="spot" class="spot" hidden></div></div>
            </div>
          </div>
          <div class="legend" aria-hidden="true"><span>0</span><span id="ramp" class="ramp"></span>
            <span id="largest"></span></div>
          <p id="readout" class="readout" aria-live="polite"></p>
          <p class="hint" id="map-keys"><b>Row:</b> the token that looks. <b>Column:</b> what it looks at.
            <span id="sum-note"></span> Point or tap to read a weight; with the keyboard, use the arrow keys.</p>
        </section>

        <section class="card reading" aria-labelledby="reading-title">
          <h2 id="reading-title"></h2>
          <p class="hint" id="reading-note"></p>
          <div id="queries" class="tokens" role="group" aria-label="Tokens that look; choose one" hidden></div>
          <div id="keys" class="tokens" role="group" aria-label="Tokens that are looked at"></div>
          <ol id="top" class="bars" aria-label="Largest weights"></ol>
          <p class="hint" id="rest"></p>
        </section>
        </main>
        """

    static func footer(layers: Int, heads: Int) -> String {
        """
        <footer>
          <p>\(layers == 1 ? "1 layer" : "\(layers) layers"), \(heads == 1 ? "1 head" : "\(heads) heads") each,
            numbered from 0 as in code. <span id="precision"></span></p>
          <p id="rollout-note" hidden><b>Roll-out</b> follows attention through all shown layers, residual
            connections included (Abnar and Zuidema, 2020): how far each token’s start reaches each token’s
            end.</p>
          <p>A weight tells where a head looks, not why the model answers as it does. The page’s address keeps
            what you have chosen.</p>
        </footer>
        """
    }
}
