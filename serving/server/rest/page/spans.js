// When things happen in a long video: lanes under a strip of frames, a table, and the files that `res3d predict` writes.
async function findSpans(file) {
  const model = chosen, at = value => `${value.toFixed(2)} s`;
  const answer = await ask("spans", model, file, `&video=${encodeURIComponent(file.name)}`), {spans} = answer;
  $("span-times").textContent = `${file.name}: ${spans.length} span${spans.length === 1 ? "" : "s"} in ${at(answer.seconds)}, found by ` +
                                `${model} version ${answer.version} in ${(answer.milliseconds / 1000).toFixed(1)} s`;
  $("timeline").replaceChildren(...lanes(answer.line, file.name));
  $("span-rows").replaceChildren(...spans.map(span => {
    const row = make("tr");
    row.append(make("td", at(span.start), "n"), make("td", at(span.end), "n"), make("td", span.label, "name"),
               make("td", span.score.toFixed(2), "n"));
    return row;
  }));
  $("span-table").hidden = !spans.length; $("span-none").hidden = spans.length > 0;
  for (const old of $("span-files").children) URL.revokeObjectURL(old.href);
  const stem = file.name.replace(/\.[^.]*$/, "") || "spans", names = {".csv": "CSV", ".json": "JSON", ".vtt": "WebVTT"};
  $("span-files").replaceChildren(...Object.entries(answer.files).map(([suffix, text]) => {
    const link = make("a", names[suffix]);
    link.href = URL.createObjectURL(new Blob([text], {type: "text/plain"})); link.download = stem + suffix;
    return link;
  }));
  $("spans").hidden = false;
}

function lanes(line, name) {
  const placed = (node, left, wide) => {
    node.style.setProperty("--left", left);
    if (wide !== undefined) node.style.setProperty("--wide", wide);
    return node;
  };
  const lane = (label, inside, kind = "lane") => {
    const node = make("div", undefined, kind), title = make("span", label);
    title.title = label;
    node.append(title, inside);
    return node;
  };
  const rows = [];
  if (line.strip) {
    const image = make("img", undefined, "strip");
    image.src = line.strip.source; image.alt = `Frames of ${name}, evenly over its time`;
    rows.push(lane("", image));
  }
  for (const [label, parts] of line.lanes) {
    const track = make("span", undefined, "track");
    track.append(...parts.map(([row, state, left, wide, words]) => {
      const part = placed(make("i", undefined, `${row} ${state}`.trim()), left, wide);
      part.setAttribute("role", "img"); part.setAttribute("aria-label", words); part.title = words;
      return part;
    }));
    rows.push(lane(label, track));
  }
  const marks = make("span", undefined, "track");
  marks.append(...line.marks.map(([left, text]) => placed(make("small", text), left)));
  rows.push(lane("", marks, "lane marks"));
  rows.at(-1).setAttribute("aria-hidden", "true");
  return rows;
}
