// Builds the page into dist/, or its unit tests into build/ (for node's own test runner).
import { cp, mkdir, readdir, rm } from "node:fs/promises";
import * as esbuild from "esbuild";

const here = new URL(".", import.meta.url).pathname;
const common = { bundle: true, format: "esm", target: "es2022", logLevel: "warning", absWorkingDir: here };

async function tests() {
  await rm(`${here}build`, { recursive: true, force: true });
  const entryPoints = (await readdir(`${here}tests`))
    .filter((name) => name.endsWith(".test.ts"))
    .map((name) => `tests/${name}`);
  await esbuild.build({ ...common, entryPoints, outdir: "build", platform: "node", outExtension: { ".js": ".mjs" } });
}

const page = {
  ...common,
  entryPoints: { app: "src/main.tsx", style: "style/index.css" },
  outdir: "dist",
  minify: true,
  jsx: "automatic",
  jsxImportSource: "preact",
  legalComments: "none",
};

async function build() {
  await rm(`${here}dist`, { recursive: true, force: true });
  await mkdir(`${here}dist`, { recursive: true });
  const { metafile } = await esbuild.build({ ...page, metafile: true });
  for (const name of ["index.html", "favicon.svg"]) await cp(here + name, `${here}dist/${name}`);
  for (const [name, { bytes }] of Object.entries(metafile.outputs))
    console.log(`${name}  ${(bytes / 1024).toFixed(1)} kB`);
}

if (process.argv.includes("--tests")) await tests();
else if (process.argv.includes("--watch")) await (await esbuild.context(page)).watch();
else await build();
