extension HTMLPage {
    /// The page's style. Colours come in pairs for light and dark; sizes that depend on the map (`--cell`)
    /// are set by the script.
    package static let style = """
        :root {
          color-scheme: light dark;
          --paper: light-dark(#f6f2ec, #14141d);
          --card: light-dark(#fffdfb, #1b1b27);
          --zero: light-dark(#faf7f3, #1f1f2c);
          --hatch: light-dark(#cfc6bb, #3d3b4a);
          --unseen: repeating-linear-gradient(135deg, var(--hatch) 0 1px, var(--card) 1px 5px);
          --ink: light-dark(#211a33, #f2edf8);
          --muted: light-dark(#645d70, #aea8bd);
          --line: light-dark(#e4dcd3, #34323f);
          --control: light-dark(#8b8296, #7d778c);
          --accent: light-dark(#761d92, #fdbc55);
          --on-accent: light-dark(#ffffff, #211252);
          --mono: ui-monospace, "SF Mono", SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace;
          --serif: "Iowan Old Style", "Palatino Linotype", Palatino, Charter, Georgia, serif;
          font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif;
        }
        :root[data-theme=light] { color-scheme: light; }
        :root[data-theme=dark] { color-scheme: dark; }
        * { box-sizing: border-box; }
        [hidden] { display: none !important; }
        body { margin: 0 auto; padding: 20px clamp(12px, 2.5vw, 32px) 32px; max-width: 1440px;
          background: var(--paper); color: var(--ink); }
        h1, h2, p, ol { margin: 0; }
        h1 { font-size: .95rem; font-weight: 500; color: var(--muted); overflow-wrap: anywhere; }
        h1 bdi { font-weight: 650; color: var(--ink); }
        h2 { font-size: 1.06rem; font-weight: 650; line-height: 1.35; overflow-wrap: anywhere; }
        .top { display: flex; justify-content: space-between; align-items: flex-start; gap: 16px;
          margin-bottom: 16px; }
        .top > div { min-width: 0; }
        .sentence { font: 1.5rem/1.3 var(--serif); max-width: 70ch; max-height: 5.2em; overflow: auto;
          overflow-wrap: anywhere; text-wrap: pretty; white-space: pre-wrap; }
        ins { text-decoration: underline; text-decoration-color: var(--accent); text-decoration-thickness: 2px;
          text-underline-offset: .22em; }
        .generated { text-decoration: underline 2px var(--accent); text-underline-offset: .2em; }
        .hint, footer { font-size: .84rem; color: var(--muted); }
        .hint b { font-weight: 600; color: var(--ink); }
        .card { background: var(--card); border: 1px solid var(--line); border-radius: 14px; padding: 16px 18px;
          min-width: 0; }
        .note { margin-bottom: 16px; }
        main { display: grid; gap: 16px; align-items: start;
          grid-template: "detail" "overview" "reading" / minmax(0, 1fr); }
        .overview { grid-area: overview; } .detail { grid-area: detail; } .reading { grid-area: reading; }
        footer { margin: 18px 4px 0; display: grid; gap: 4px; max-width: 100ch; }

        button, select { font: inherit; color: inherit; }
        .quiet, select { background: var(--card); border: 1px solid var(--control); border-radius: 8px;
          min-height: 32px; }
        .quiet { flex: none; padding: 0 12px; font-size: .84rem; cursor: pointer; }
        select { padding: 0 4px; font-size: .9rem; font-variant-numeric: tabular-nums; }
        :focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }

        .thumbs-scroller { overflow: auto; max-height: clamp(230px, 47vh, 460px); margin: 8px -6px -6px;
          padding: 0 6px 8px; position: relative; }
        .thumbs { display: grid; gap: 4px; justify-content: start; align-items: center;
          grid-template-columns: auto repeat(var(--columns), minmax(26px, 56px)); }
        .thumbs > span { font: .7rem/1 var(--mono); color: var(--muted); text-align: center; }
        .thumbs > .number { position: sticky; top: 0; z-index: 2; background: var(--card); padding: 4px 0;
          box-shadow: 0 -3px 0 3px var(--card); }
        .thumbs > .layer { position: sticky; left: -6px; z-index: 2; align-self: stretch; align-content: center;
          background: var(--card); text-align: end; padding-inline: 2px 4px; }
        .thumbs > .number.layer { z-index: 3; }
        .thumb { display: block; padding: 0; border: 0; border-radius: 4px; background: var(--hatch);
          aspect-ratio: 1; cursor: pointer; overflow: hidden; box-shadow: 0 0 0 1px var(--line); }
        .thumb canvas { display: block; width: 100%; height: 100%; }
        .thumb:hover { box-shadow: 0 0 0 2px var(--control); }
        .thumb[aria-pressed=true] { position: relative; z-index: 1;
          box-shadow: 0 0 0 2px var(--card), 0 0 0 4px var(--accent); }
        .thumb:focus-visible { outline-offset: 4px; }
        canvas.crisp { image-rendering: pixelated; }

        .heading { display: flex; flex-wrap: wrap; justify-content: space-between; align-items: center;
          gap: 6px 16px; }
        .choosers, .switches { display: flex; flex-wrap: wrap; gap: 6px 18px; font-size: .88rem; }
        .switches { margin: 8px 0 12px; }
        .switch { display: inline-flex; align-items: center; gap: 8px; min-height: 28px; cursor: pointer; }
        .switch input { position: absolute; opacity: 0; width: 34px; height: 20px; margin: 0; cursor: inherit; }
        .track { flex: none; width: 34px; height: 20px; border-radius: 10px; border: 1px solid var(--control);
          background: var(--zero); transition: background .15s; }
        .track::before { content: ""; display: block; width: 12px; height: 12px; margin: 3px; border-radius: 50%;
          background: var(--control); transition: transform .15s, background .15s; }
        input:checked + .track { background: var(--accent); border-color: var(--accent); }
        input:checked + .track::before { transform: translateX(14px); background: var(--on-accent); }
        input:focus-visible + .track { outline: 3px solid var(--accent); outline-offset: 2px; }
        .switch:has(:disabled) { color: var(--muted); cursor: not-allowed; }
        .switch:has(:disabled) .track { opacity: .55; }
        .why { font-size: .92em; font-style: italic; }

        .scroller { overflow: auto; max-height: 86vh; border-radius: 4px; min-height: 120px; }
        .scroller:focus-visible { outline-offset: 4px; }
        .board { display: grid; grid-template-columns: max-content max-content; width: max-content; padding: 0 4px 4px 0;
          font: var(--label) / 1 var(--mono); margin-inline: auto; }
        .corner { position: sticky; left: 0; top: 0; z-index: 3; background: var(--card); }
        .columns { position: sticky; top: 0; z-index: 2; display: flex; align-items: flex-end;
          background: var(--card); padding-bottom: 2px; margin-bottom: 3px; }
        .columns span { width: var(--cell); max-height: 9.5em; padding: 4px 0; writing-mode: vertical-rl;
          text-orientation: sideways; transform: rotate(180deg); line-height: var(--cell); text-align: left; }
        .rows { position: sticky; left: 0; z-index: 1; background: var(--card); padding-right: 2px;
          margin-right: 3px; }
        .rows span { display: block; height: var(--cell); max-width: min(9.5em, 32vw); line-height: var(--cell);
          padding: 0 4px; text-align: right; cursor: pointer; }
        .columns span, .rows span { overflow: hidden; white-space: pre; text-overflow: ellipsis;
          unicode-bidi: isolate; border-radius: 4px; color: var(--muted); }
        .board .lit { color: var(--on-accent); background: var(--accent); }
        .plane { position: relative; z-index: 0; cursor: crosshair; width: max-content;
          background: var(--unseen); }
        .plane canvas { display: block; }
        .plane::after { content: ""; position: absolute; inset: 0; pointer-events: none; opacity: .75;
          background: linear-gradient(var(--card) 1px, transparent 0) 0 0 / 100% var(--cell),
            linear-gradient(90deg, var(--card) 1px, transparent 0) 0 0 / var(--cell) 100%; }
        .plane.dense::after { display: none; }
        .band, .spot { position: absolute; left: 0; top: 0; height: var(--cell); pointer-events: none; z-index: 1;
          border-radius: 3px; box-shadow: 0 0 0 2px var(--ink), inset 0 0 0 1px var(--card); }
        .band { width: 100%; }
        .spot { width: var(--cell); box-shadow: 0 0 0 2px var(--card), 0 0 0 4px var(--ink); }

        .legend { display: flex; align-items: center; justify-content: center; gap: 8px; margin-top: 12px;
          font: .78rem/1 var(--mono); color: var(--muted); }
        .ramp { width: min(220px, 40vw); height: 10px; border-radius: 5px; }
        #unseen-key { white-space: nowrap; }
        .unseen { display: inline-block; width: 20px; height: 10px; margin-left: 10px; vertical-align: middle;
          background: var(--unseen); box-shadow: 0 0 0 1px var(--line); }
        .readout { margin: 10px 0 4px; min-height: 1.5em; text-align: center; font-variant-numeric: tabular-nums;
          overflow-wrap: anywhere; }
        .readout b { font: 600 .95em var(--mono); }
        #map-keys { text-align: center; text-wrap: balance; }

        .tokens { display: flex; flex-wrap: wrap; gap: 5px; margin-top: 10px; max-height: 19rem; overflow: auto;
          padding: 4px; }
        .token { display: grid; justify-items: center; align-content: start; gap: 1px; min-width: 3.4em; padding: 3px 6px 4px; border: 0;
          border-radius: 7px; background: var(--zero); font: .92rem/1.3 var(--mono); max-width: 100%;
          box-shadow: inset 0 0 0 1px var(--line); }
        button.token { cursor: pointer; }
        button.token:hover { box-shadow: inset 0 0 0 2px var(--control); }
        .token bdi { overflow-wrap: anywhere; text-align: center; max-width: 15em; overflow: hidden;
          display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 3; }
        .token.generated { text-decoration: none; }
        .token.generated bdi { text-decoration: underline 2px; text-underline-offset: .2em; }
        .token small { font-size: .68rem; font-variant-numeric: tabular-nums; text-align: center; }
        .token.not-seen { background: var(--unseen); color: var(--muted); }
        .token.not-seen > * { background: var(--card); padding: 0 3px; border-radius: 3px; }
        .token.looking { box-shadow: 0 0 0 2px var(--card), 0 0 0 4px var(--accent); }
        .token.spotted { box-shadow: 0 0 0 2px var(--card), 0 0 0 4px var(--ink); }
        .token.left-out { background: none; color: var(--muted); box-shadow: inset 0 0 0 1px var(--line); }
        .token.left-out bdi { text-decoration: line-through; }
        .token.left-out.looking { box-shadow: 0 0 0 2px var(--card), 0 0 0 4px var(--accent); }

        .bars { list-style: none; padding: 0; margin-top: 14px; display: grid; gap: 3px;
          grid-template-columns: fit-content(38%) 1fr auto; font: .82rem/1.35 var(--mono); }
        .bars li { display: grid; grid-template-columns: subgrid; grid-column: 1 / -1; gap: 10px;
          align-items: center; }
        .bars bdi { white-space: pre; overflow: hidden; text-overflow: ellipsis; text-align: right; }
        .bars i { display: block; height: 12px; min-width: 1px; border-radius: 0 3px 3px 0; transform-origin: 0;
          background: var(--accent); }
        .bars output { font-variant-numeric: tabular-nums; }
        #rest { margin-top: 6px; }

        @media (min-width: 940px) {
          main { grid-template: "overview detail" auto "reading detail" 1fr
            / minmax(0, 9fr) minmax(0, 10fr); }
          .detail { position: sticky; top: 10px; max-height: calc(100vh - 20px); display: flex;
            flex-direction: column; }
          .detail > * { flex: none; }
          .detail > .scroller { flex: 0 1 auto; }
        }
        @media (max-width: 620px) {
          .card { padding: 14px 12px; }
          .sentence { font-size: 1.22rem; }
          .wide { display: none; }
          .thumbs { gap: 2px; grid-template-columns: auto repeat(var(--columns), minmax(19px, 56px)); }
          .thumbs > span { font-size: .62rem; }
          .thumb { border-radius: 2px; }
          .choosers label, .switch { min-height: 36px; }
        }
        @media (prefers-reduced-motion: reduce) { * { transition: none !important; } }
        @media (forced-colors: active) {
          canvas, .ramp, .token, .bars i { forced-color-adjust: none; }
          .thumb[aria-pressed=true] { outline: 2px solid Highlight; outline-offset: 2px; }
        }
        @media print { .quiet, .choosers, .switches { display: none; } .detail { position: static; }
          .detail, .scroller, .thumbs-scroller { max-height: none; } }
        """
}
