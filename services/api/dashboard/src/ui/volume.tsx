// How much is said, against what was expected: one chart for a brand, small ones beside each other for several.

import type { JSX, RefObject } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Spike, Volume as Arrivals } from "../api/types.ts";
import { columnAt, moods, MOODS, plot, type Column, type Frame, type Plot, type Range } from "../logic/chart.ts";
import { figure } from "../logic/figures.ts";
import { RunningCampaigns } from "./campaigns.tsx";
import { Choice, Glyph, useApp } from "./parts.tsx";

export function Volume(): JSX.Element {
  const app = useApp();
  const { range, volumes, brand, spikes } = app.state;
  const shown = Object.entries(volumes);
  return (
    <section class="panel volume" aria-labelledby="h-volume">
      <div class="head">
        <h2 id="h-volume">{app.say("volume")}</h2>
        <Legend />
        <Choice<Range>
          label={app.say("range")}
          value={range}
          onChange={(each) => app.setRange(each)}
          options={[
            ["6h", app.say("range_6h")],
            ["24h", app.say("range_24h")],
            ["7d", app.say("range_7d")],
          ]}
        />
      </div>
      <RunningCampaigns />
      <div class={`charts n${Math.min(shown.length, 6)}`}>
        {shown.length === 0 && <p class="empty">{app.say("loading")}</p>}
        {shown.map(([name, volume]) => (
          <Chart
            key={name}
            brand={name}
            volume={volume}
            spikes={spikes.filter((each) => each.brand === name)}
            many={shown.length > 1}
          />
        ))}
      </div>
      {brand !== null && app.state.brands.length > 1 && (
        <button type="button" class="link all" onClick={() => app.setBrand(null)}>
          {app.say("all_brands")}
        </button>
      )}
    </section>
  );
}

function Legend(): JSX.Element {
  const app = useApp();
  return (
    <p class="legend" aria-hidden="true">
      {MOODS.map((mood) => (
        <span key={mood} class={`key m-${mood}`}>
          {app.say(mood)}
        </span>
      ))}
      <span class="key m-expected">{app.say("expected")}</span>
      <span class="key m-spike">{app.say("spike_band")}</span>
    </p>
  );
}

const LEFT = 34;
const RIGHT = 6;
const BOTTOM = 18;
const TOP = 8;

interface ChartProps {
  brand: string;
  volume: Arrivals;
  spikes: readonly Spike[];
  many: boolean;
}

function Chart({ brand, volume, spikes, many }: ChartProps): JSX.Element {
  const app = useApp();
  const { lang, range } = app.state;
  const [table, setTable] = useState(false);
  const total = volume.bars.reduce((sum, bar) => sum + bar.count, 0);
  const fill = { brand, n: figure(total, lang), range: app.say(`range_${range}`) };
  const choose = () => app.setBrand(brand);
  return (
    <figure class="chart">
      <figcaption>
        {many ? (
          <button type="button" class="link" onClick={choose}>
            {brand}
          </button>
        ) : (
          <b>{brand}</b>
        )}
        <span class="dim">{app.say("total_period", fill)}</span>
        <OpenSpike spike={spikes.find((each) => !each.closed_at)} brief={many} />
        <button type="button" class="link as-table" aria-expanded={table} onClick={() => setTable(!table)}>
          {app.say("as_table")}
        </button>
      </figcaption>
      {table ? (
        <Table bars={volume.bars} />
      ) : (
        <Plotted volume={volume} spikes={spikes} label={app.say("chart_label", fill)} />
      )}
    </figure>
  );
}

/** The drawing, which can be pointed at and walked along by key. */
function Plotted({
  volume,
  spikes,
  label,
}: {
  volume: Arrivals;
  spikes: readonly Spike[];
  label: string;
}): JSX.Element {
  const app = useApp();
  const [box, size] = useSize();
  const [at, setAt] = useState<number | null>(null);
  const frame = frameOf(volume, size);
  const drawn = plot(volume.bars, spikes, frame, app.calendar());
  const { columns } = drawn;
  const column = at === null ? undefined : columns[at];
  const move = (event: MouseEvent) => {
    const left = (event.currentTarget as Element).getBoundingClientRect().left;
    const found = columnAt(columns, event.clientX - left - LEFT);
    setAt(found ? columns.indexOf(found) : null);
  };
  const walk = (event: KeyboardEvent) => {
    const by = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    if (!by) return;
    event.preventDefault();
    setAt(Math.min(Math.max((at ?? columns.length) + by, 0), columns.length - 1));
  };
  const leave = () => setAt(null);
  const handlers = { onMouseMove: move, onMouseLeave: leave, onKeyDown: walk, onBlur: leave };
  return (
    <div class="plot" ref={box}>
      <svg {...size} role="img" aria-label={`${label}. ${app.say("chart_hint")}`} tabIndex={0} {...handlers}>
        <Drawing drawn={drawn} frame={frame} at={at} />
      </svg>
      {volume.bars.every((bar) => bar.count === 0) && <p class="nothing">{app.say("chart_empty")}</p>}
      {column && <Tip column={column} width={size.width} />}
    </div>
  );
}

function frameOf(volume: Arrivals, size: { width: number; height: number }): Frame {
  return {
    width: Math.max(60, size.width - LEFT - RIGHT),
    height: Math.max(30, size.height - TOP - BOTTOM),
    since: Date.parse(volume.since),
    until: Date.parse(volume.until),
  };
}

function Drawing({ drawn, frame, at }: { drawn: Plot; frame: Frame; at: number | null }): JSX.Element {
  return (
    <g transform={`translate(${LEFT},${TOP})`}>
      {drawn.shades.map(({ spike, x, width }) => (
        <g key={spike.id} class="shade">
          <rect x={x} y={-TOP} width={width} height={frame.height + TOP} />
          <path d={`M${x} ${-TOP}V${frame.height}`} />
        </g>
      ))}
      <Scale drawn={drawn} frame={frame} />
      <path class="expected-area" d={drawn.expectedArea} />
      {drawn.columns.map((each, index) => (
        <Bars key={each.x} column={each} bottom={frame.height} lit={index === at} />
      ))}
      <path class="expected-line" d={drawn.expected} />
    </g>
  );
}

function Scale({ drawn, frame }: { drawn: Plot; frame: Frame }): JSX.Element {
  const app = useApp();
  const calendar = app.calendar();
  return (
    <>
      {drawn.yTicks.map((tick) => (
        <g key={tick.value} class="y-tick">
          <path d={`M0 ${tick.y}H${frame.width}`} />
          <text x={-6} y={tick.y + 3.5}>
            {figure(tick.value, app.state.lang)}
          </text>
        </g>
      ))}
      {drawn.xTicks.map((tick) => (
        <g key={tick.at} class={`x-tick${tick.day ? " day" : ""}`}>
          <path d={`M${tick.x} ${frame.height}v4`} />
          <text x={tick.x} y={frame.height + 15}>
            {tick.day ? calendar.day(tick.at) : calendar.time(tick.at)}
          </text>
        </g>
      ))}
    </>
  );
}

function OpenSpike({ spike, brief }: { spike: Spike | undefined; brief: boolean }): JSX.Element | null {
  const app = useApp();
  if (!spike) return null;
  const from = app.say("spike_from", { at: app.calendar().short(Date.parse(spike.opened_at), app.now()) });
  const open = () => spike.incident_id && app.choose({ kind: "incident", id: spike.incident_id });
  return (
    <button type="button" class="tag alarm" disabled={!spike.incident_id} title={from} onClick={open}>
      <Glyph name="spike" />
      {brief ? app.say("spike_band") : from}
    </button>
  );
}

function Bars({ column, bottom, lit }: { column: Column; bottom: number; lit: boolean }): JSX.Element {
  const gap = column.width > 5 ? 1.5 : column.width > 2.5 ? 0.6 : 0;
  return (
    <g class={lit ? "lit" : ""}>
      {lit && <rect class="cursor" x={column.x} y={0} width={column.width} height={bottom} />}
      {column.pieces.map((piece) => (
        <rect
          key={piece.mood}
          class={`m-${piece.mood}`}
          x={column.x + gap / 2}
          y={piece.y}
          width={Math.max(0.5, column.width - gap)}
          height={piece.height}
        />
      ))}
    </g>
  );
}

function Tip({ column, width }: { column: Column; width: number }): JSX.Element {
  const app = useApp();
  const { lang } = app.state;
  const { bar } = column;
  const start = Date.parse(bar.start);
  const figures = moods(bar);
  const middle = LEFT + column.x + column.width / 2;
  const right = middle > width / 2;
  const place = right ? { right: `${width - middle + 10}px` } : { left: `${middle + 10}px` };
  return (
    <div class="tip" style={place} role="status">
      <b>{app.calendar().short(start, app.now())}</b>
      <span>
        {figure(bar.count, lang)} {app.say("seen")}
      </span>
      <span class="dim">
        {bar.expected === null ? app.say("no_expected") : `${figure(bar.expected, lang)} ${app.say("expected")}`}
      </span>
      {MOODS.filter((mood) => figures[mood] > 0).map((mood) => (
        <span key={mood} class={`key m-${mood}`}>
          {figure(figures[mood], lang)} {app.say(mood)}
        </span>
      ))}
    </div>
  );
}

function Table({ bars }: { bars: Arrivals["bars"] }): JSX.Element {
  const app = useApp();
  const { lang } = app.state;
  const calendar = app.calendar();
  return (
    <div class="table" tabIndex={0} role="region" aria-label={app.say("as_table")}>
      <table>
        <thead>
          <tr>
            <th scope="col">{app.say("time")}</th>
            <th scope="col">{app.say("seen")}</th>
            <th scope="col">{app.say("expected")}</th>
            <th scope="col">{app.say("negative")}</th>
          </tr>
        </thead>
        <tbody>
          {[...bars].reverse().map((bar) => (
            <tr key={bar.start}>
              <th scope="row">{calendar.short(Date.parse(bar.start), app.now())}</th>
              <td>{figure(bar.count, lang)}</td>
              <td>{bar.expected === null ? "–" : figure(bar.expected, lang)}</td>
              <td>{figure(moods(bar).negative, lang)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function useSize(): [RefObject<HTMLDivElement | null>, { width: number; height: number }] {
  const box = useRef<HTMLDivElement>(null);
  const [size, setSize] = useState({ width: 320, height: 120 });
  useEffect(() => {
    const element = box.current;
    if (!element) return undefined;
    const observer = new ResizeObserver(([entry]) => {
      if (entry) setSize({ width: Math.floor(entry.contentRect.width), height: Math.floor(entry.contentRect.height) });
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, [box.current]);
  return [box, size];
}
