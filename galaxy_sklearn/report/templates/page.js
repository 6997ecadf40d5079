"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const { galaxies, questions, tree } = data;
  const byId = (id) => document.getElementById(id);

  // Only text is ever put into the page: names of files are anybody's.
  const make = (tag, attributes = {}, ...children) => {
    const svg = ["svg", "path", "rect", "text", "line", "circle"].includes(tag);
    const element = svg
      ? document.createElementNS("http://www.w3.org/2000/svg", tag)
      : document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children);
    return element;
  };
  const number = (value) => (value === null || value === undefined ? "–" : value.toFixed(3));
  const picture = (galaxy, alt) =>
    galaxy.image
      ? make("img", { src: galaxy.image, alt })
      : make("span", { class: "none" }, "no picture");
  const opener = (galaxy, ...children) => {
    const button = make("button", { type: "button" }, ...children);
    button.addEventListener("click", () => open(galaxy));
    return button;
  };

  // ------------------------------------------------------------- galleries
  const question = byId("question");
  const answer = byId("answer");
  const chosenQuestion = () => (question ? Number(question.value) : data.ofClasses ? 0 : -1);

  const option = (value, text) => make("option", { value }, text);
  const fillAnswers = () => {
    const q = chosenQuestion();
    answer.replaceChildren(option(-1, "any"));
    if (q >= 0) questions[q].answers.forEach((name, i) => answer.append(option(i, name)));
    answer.disabled = q < 0;
  };
  const covers = (q, a, galaxy) => {
    if (q < 0) return true;
    const { start, answers } = questions[q];
    return a >= 0
      ? galaxy.path.includes(start + a)
      : galaxy.path.some((i) => i >= start && i < start + answers.length);
  };
  const showGalleries = () => {
    const q = chosenQuestion();
    const a = Number(answer.value);
    const error = (galaxy) => galaxy.errors[q + 1];
    const found = galaxies.filter((g) => covers(q, a, g) && error(g) !== null);
    byId("filtered").textContent = `${found.length} of the ${galaxies.length} galaxies on this page`;
    const kinds = {
      best: [found, (x, y) => error(x) - error(y)],
      worst: [found, (x, y) => error(y) - error(x)],
      unusual: [found.filter((g) => g.unusual !== undefined), (x, y) => y.unusual - x.unusual],
    };
    for (const [kind, [members, order]] of Object.entries(kinds)) {
      const shown = [...members].sort(order).slice(0, data.most);
      const items = shown.map((galaxy) => {
        const facts = kind === "unusual"
          ? `unusual ${number(galaxy.unusual)}`
          : `error ${number(error(galaxy))}`;
        return make("li", {}, opener(
          galaxy,
          picture(galaxy, ""),
          make("span", { class: "name" }, galaxy.name),
          make("span", {}, `${data.ofClasses ? "true" : "voted"}: ${galaxy.votedLabel}`),
          make("span", {}, `predicted: ${galaxy.predictedLabel}`),
          make("span", { class: "facts-line" }, facts + (galaxy.saliency ? ", pixels" : "")),
        ));
      });
      const none = kind === "unusual" && found.length ? "The model cannot tell." : "None.";
      byId(kind).replaceChildren(...(items.length ? items : [make("li", { class: "none" }, none)]));
    }
  };

  // ----------------------------------------------------------------- table
  const columns = [
    ["Galaxy", (g) => g.name],
    [data.ofClasses ? "True" : "Voted", (g) => g.votedLabel],
    ["Predicted", (g) => g.predictedLabel],
    ["Error", (g) => g.errors[0]],
  ];
  if (galaxies.some((g) => g.unusual !== undefined)) columns.push(["Unusual", (g) => g.unusual]);
  const PER_PAGE = 25;
  const header = byId("all").tHead.rows[0];
  const sorting = { column: 3, descending: true, first: 0 };
  const compare = (x, y) => {
    if (typeof x === "string") return x.localeCompare(y, undefined, { numeric: true });
    return x - y;
  };
  const showTable = () => {
    const value = columns[sorting.column][1];
    const sign = sorting.descending ? -1 : 1;
    const known = galaxies.filter((g) => value(g) !== null);
    known.sort((x, y) => sign * compare(value(x), value(y)) || x.row - y.row);
    const order = [...known, ...galaxies.filter((g) => value(g) === null)];
    const shown = order.slice(sorting.first, sorting.first + PER_PAGE);
    byId("all").tBodies[0].replaceChildren(...shown.map((galaxy) => make(
      "tr",
      {},
      make("td", {}, picture(galaxy, "")),
      make("th", { scope: "row" }, opener(galaxy, galaxy.name)),
      ...columns.slice(1).map(([, of]) => {
        const cell = of(galaxy);
        return typeof cell === "string"
          ? make("td", {}, cell)
          : make("td", { class: "numeric" }, number(cell));
      }),
    )));
    [...header.cells].slice(1).forEach((cell, i) => {
      const order = sorting.descending ? "descending" : "ascending";
      cell.setAttribute("aria-sort", i === sorting.column ? order : "none");
    });
    const last = Math.min(sorting.first + PER_PAGE, order.length);
    byId("shown").textContent = `${sorting.first + 1} to ${last} of ${order.length}`;
    byId("previous").disabled = sorting.first === 0;
    byId("next").disabled = last === order.length;
  };
  header.append(make("td", {}));
  columns.forEach(([title], i) => {
    const button = make("button", { type: "button" }, title);
    button.addEventListener("click", () => {
      // Numbers are of interest from the largest down.
      const descending = i === sorting.column ? !sorting.descending : i > 2;
      Object.assign(sorting, { column: i, descending, first: 0 });
      showTable();
    });
    header.append(make("th", { scope: "col", class: i > 2 ? "numeric" : "" }, button));
  });
  for (const [id, step] of [["previous", -PER_PAGE], ["next", PER_PAGE]]) {
    byId(id).addEventListener("click", () => {
      sorting.first += step;
      showTable();
    });
  }

  // ------------------------------------------------------------ one galaxy
  const dialog = byId("galaxy");
  byId("close").addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });

  const answerName = (column) => {
    const found = [...questions].reverse().find((q) => q.start <= column);
    return `${found.name}: ${found.answers[column - found.start]}`;
  };
  const fact = (name, value) => make("div", {}, make("dt", {}, name), make("dd", {}, value));

  const open = (galaxy) => {
    byId("name").textContent = galaxy.name;
    const image = byId("picture");
    image.hidden = !galaxy.image;
    if (galaxy.image) image.src = galaxy.image;
    image.alt = `Galaxy ${galaxy.name}, ${galaxy.votedLabel}`;
    const voted = data.ofClasses ? "True class" : "Voted";
    const facts = [
      fact(voted, galaxy.votedLabel),
      fact("Predicted", galaxy.predictedLabel),
      fact("Error (RMSE)", number(galaxy.errors[0])),
    ];
    if (galaxy.unusual !== undefined) {
      const warning = galaxy.unusual > 1 ? ", not to be trusted" : "";
      facts.push(fact("Unusual", number(galaxy.unusual) + warning));
    }
    facts.push(fact("Row of X", String(galaxy.row)));
    byId("about").replaceChildren(...facts);
    showSaliency(galaxy.saliency);
    byId("drawing").replaceChildren(...(data.ofClasses ? [] : [legend(), drawTree(galaxy)]));
    byId("drawing").hidden = data.ofClasses;
    fillTable(galaxy);
    dialog.showModal();
    dialog.scrollTop = 0;
    byId("name").focus();
  };

  const showSaliency = (saliency) => {
    const box = byId("saliency");
    box.hidden = !saliency;
    if (!saliency) return;
    const name = answerName(saliency.column);
    box.querySelector("img").src = saliency.source;
    box.querySelector("img").alt = `Map of the pixels that speak for ${name}`;
    box.querySelector("figcaption").textContent =
      `Which pixels speak for “${name}” (red) and against it (blue): hidden, its fraction falls ` +
      `by up to ${number(saliency.fall)} and rises by up to ${number(saliency.rise)}.`;
  };

  const legend = () => make(
    "div", { class: "legend" }, make("span", {}, "voted"), make("span", {}, "predicted"),
  );

  // Branches that go through one place are stacked there: voted upwards, predicted downwards.
  const outlines = (fractions, upwards) => {
    const widths = fractions.map((fraction) => tree.full * (fraction ?? 0));
    const stacks = new Map();
    tree.routes.forEach((route, column) => route.forEach(([x, y], i) => {
      const key = `${x} ${y}`;
      if (!stacks.has(key)) stacks.set(key, []);
      stacks.get(key).push([route[Math.max(0, i - 1)][1], column]);
    }));
    const tops = new Map();
    for (const [key, stack] of stacks) {
      stack.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
      const total = stack.reduce((sum, [, column]) => sum + widths[column], 0);
      let edge = Number(key.split(" ")[1]) - (upwards ? total : 0);
      for (const [, column] of stack) {
        tops.set(`${key} ${column}`, edge);
        edge += widths[column];
      }
    }
    return tree.routes.map((route, column) => {
      const upper = route.map(([x, y]) => [x, tops.get(`${x} ${y} ${column}`)]);
      const lower = upper.map(([x, y]) => [x, y + widths[column]]).reverse();
      return `M${curve(upper)}L${curve(lower)}Z`;
    });
  };
  const SCALE = [122, 24];
  const at = (x, y) => `${(x * SCALE[0]).toFixed(1)} ${(y * SCALE[1]).toFixed(2)}`;
  const curve = (points) => points.reduce((path, [x, y], i) => {
    if (i === 0) return at(x, y);
    const [x0, y0] = points[i - 1];
    const middle = (x0 + x) / 2;
    return `${path}C${at(middle, y0)} ${at(middle, y)} ${at(x, y)}`;
  }, "");

  const drawTree = (galaxy) => {
    const voted = galaxy.votedPaths ?? galaxy.voted;
    const predicted = galaxy.predictedPaths ?? galaxy.predicted;
    const xs = tree.corners.map(([x]) => x);
    const tops = tree.corners.map(([, y]) => y);
    const bottoms = tree.corners.map(([, y], i) => y + tree.sizes[i]);
    const top = Math.min(...tops) - 0.2;
    const width = (Math.max(...xs) + 1) * SCALE[0];
    const height = (Math.max(...bottoms) + 0.2 - top) * SCALE[1];
    const svg = make("svg", {
      viewBox: `-4 ${top * SCALE[1]} ${width + 4} ${height}`,
      role: "img",
      "aria-label": `The tree, with branches as wide as the fractions of ${galaxy.name}; ` +
        "the table below has the numbers",
    });
    tree.corners.forEach(([x, y], i) => {
      svg.append(
        make("rect", {
          x: x * SCALE[0],
          y: y * SCALE[1],
          width: tree.width * SCALE[0],
          height: tree.sizes[i] * SCALE[1],
        }),
        make("text", {
          class: "title",
          x: (x + tree.width / 2) * SCALE[0],
          y: (y + 0.7 * tree.title) * SCALE[1],
        }, questions[i].name),
      );
    });
    for (const [name, fractions] of [["voted", voted], ["predicted", predicted]]) {
      outlines(fractions, name === "voted").forEach((path, column) => {
        if (fractions[column]) svg.append(make("path", { d: path, class: name }));
      });
    }
    questions.forEach(({ start, answers }) => answers.forEach((name, i) => {
      if (Math.max(voted[start + i] ?? 0, predicted[start + i] ?? 0) < 0.01) return;
      const [x, y] = tree.routes[start + i][0];
      const place = { class: "label", x: (x - 0.03) * SCALE[0], y: y * SCALE[1] + 3 };
      svg.append(make("text", place, name));
    }));
    return svg;
  };

  const bar = (voted, predicted, ends) => {
    const x = (value) => 4 + 112 * Math.min(1, Math.max(0, value));
    const svg = make("svg", { viewBox: "0 0 120 14", "aria-hidden": "true" });
    svg.append(make("line", { x1: 4, x2: 116, y1: 7, y2: 7 }));
    if (ends) svg.append(make("line", { class: "band", x1: x(ends[0]), x2: x(ends[1]), y1: 7, y2: 7 }));
    svg.append(make("circle", { class: "predicted", cx: x(predicted), cy: 7, r: 4 }));
    if (voted !== null) {
      svg.append(make("line", { class: "mark", x1: x(voted), x2: x(voted), y1: 1, y2: 13 }));
    }
    return svg;
  };

  const fillTable = (galaxy) => {
    const table = byId("answers");
    const hasIntervals = galaxy.interval !== undefined;
    const what = data.ofClasses ? "Probabilities" : `Fractions, ${data.form}`;
    table.caption.textContent = what + (hasIntervals
      ? `; intervals hold the voted fraction of ${data.coverage * 100}% of galaxies. Where they ` +
        "do not here, it says outside."
      : ".");
    const titles = ["Answer", data.ofClasses ? "True" : "Voted", "Predicted"];
    if (hasIntervals) titles.push("Interval");
    table.tHead.rows[0].replaceChildren(
      ...titles.map((title, i) =>
        make("th", { scope: "col", class: i === 1 || i === 2 ? "numeric" : "" }, title)),
      make("td", {}),
    );
    [...table.tBodies].forEach((body) => body.remove());
    for (const { name, answers, start } of questions) {
      const group = make("th", { scope: "rowgroup", colspan: titles.length + 1 }, name);
      const body = make("tbody", {}, make("tr", {}, group));
      answers.forEach((text, i) => {
        const column = start + i;
        const voted = galaxy.voted[column];
        const ends = galaxy.interval?.[column];
        // Of a question that nobody was asked nothing was voted.
        const asked = data.form === "cumulative" ||
          galaxy.voted.slice(start, start + answers.length).some((value) => value > 0);
        const row = make(
          "tr",
          {},
          make("th", { scope: "row" }, text),
          make("td", { class: "numeric" }, asked ? number(voted) : "–"),
          make("td", { class: "numeric" }, number(galaxy.predicted[column])),
        );
        if (ends) {
          const outside = asked && voted !== null && (voted < ends[0] || voted > ends[1]);
          const cell = make("td", {}, `${number(ends[0])} to ${number(ends[1])}`);
          if (outside) {
            cell.className = "outside";
            cell.append(" outside");
          }
          row.append(cell);
        }
        row.append(make("td", {}, bar(asked ? voted : null, galaxy.predicted[column], ends)));
        body.append(row);
      });
      table.append(body);
    }
  };

  if (question) {
    question.append(option(-1, "all"));
    questions.forEach(({ name }, i) => question.append(option(i, name)));
    question.addEventListener("change", () => {
      fillAnswers();
      showGalleries();
    });
  }
  answer.addEventListener("change", showGalleries);
  fillAnswers();
  showGalleries();
  showTable();
})();
