// The one place that puts the parts together.

import { render } from "preact";
import { useEffect, useState } from "preact/hooks";
import { App, rememberedLang } from "./app.ts";
import { initial, Store } from "./state.ts";
import { AppContext } from "./ui/parts.tsx";
import { Page } from "./ui/page.tsx";

const lang = rememberedLang();
document.documentElement.lang = lang;
const app = new App(new Store(initial(lang)));

function Root() {
  const [, again] = useState(0);
  useEffect(() => app.store.subscribe(() => again((count) => count + 1)), []);
  return (
    <AppContext.Provider value={app}>
      <Page />
    </AppContext.Provider>
  );
}

const place = document.getElementById("app");
if (place) render(<Root />, place);
void app.start();
