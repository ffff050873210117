// The sheet of keys, naming behaviors, and groups of which only one can be at a time.

import { post } from "./api.js";
import { openLabels, takeStudy } from "./opening.js";
import { explain, find, page } from "./page.js";

export function showKeys() {
  const rows = [["1 – 9, 0, -, =", "Start and stop a bout of a behavior, or label the selected span; in the tab Tracks, the tracklet is this animal"], ...page.keys.list()];
  find("key-table").replaceChildren(
    ...rows.map(([key, meaning]) => {
      const row = document.createElement("tr");
      const [left, right] = [document.createElement("td"), document.createElement("td")];
      const shown = document.createElement("kbd");
      shown.textContent = key;
      left.append(shown);
      right.textContent = meaning;
      row.append(left, right);
      return row;
    }),
  );
  find("sheet").showModal();
}

find("add-behavior").addEventListener("submit", async (event) => {
  event.preventDefault();
  const input = find("new-behavior");
  const name = input.value.trim();
  if (!name) return;
  const add = async () => {
    await page.edits?.last;
    takeStudy(await post("/api/behaviors", { name }));
    input.value = "";
    input.blur();
    page.active = name;
    await openLabels(page.recording);
  };
  page.opening = add().catch(explain);
});

let groups = [];

function drawGroups() {
  find("groups").replaceChildren(
    ...groups.map((group) => {
      const row = document.createElement("div");
      row.className = "group";
      for (const name of page.study.behaviors) {
        const label = document.createElement("label");
        const box = document.createElement("input");
        box.type = "checkbox";
        box.checked = group.has(name);
        box.addEventListener("change", () => (box.checked ? group.add(name) : group.delete(name)));
        label.append(box, ` ${name}`);
        row.append(label);
      }
      return row;
    }),
  );
}

find("show-exclusive").addEventListener("click", () => {
  groups = page.study.exclusive.map((group) => new Set(group));
  if (!groups.length) groups.push(new Set());
  drawGroups();
  find("exclusive-dialog").showModal();
});
find("add-group").addEventListener("click", () => {
  groups.push(new Set());
  drawGroups();
});
find("cancel-groups").addEventListener("click", () => find("exclusive-dialog").close());
find("save-groups").addEventListener("click", async () => {
  try {
    takeStudy(await post("/api/exclusive", { groups: groups.filter((group) => group.size > 1).map((group) => [...group]) }));
    find("exclusive-dialog").close();
  } catch (error) {
    explain(error);
  }
});
