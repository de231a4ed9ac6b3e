/* Crystals, and other scenes of balls and sticks, that can be turned; no library is needed.
 *
 *   facetViewer(element, {cell: [[x, y, z], ...], species: ["Na", ...], positions: [[x, y, z], ...]})
 *   facetScene(element, {balls: [{at, radius, color, label}], sticks: [{from, to, color, width}]})
 *
 * Lengths are in angstrom, positions Cartesian, rows of the cell its vectors. A color is "#rrggbb" or
 * the name of a CSS variable of palette.css. Both return {reset()}. What the element holds,
 * such as a still picture, is hidden on the screen by its class "is-live" and printed in its place.
 * Elements with data-structure or data-scene start by themselves when they come into view; the
 * attribute holds JSON, or "#id" of a script of type application/json. Drag or arrow keys turn, the
 * wheel (once clicked) or + and - zoom, a double click or Home resets.
 */
(function () {
  "use strict";
  const SYMBOLS =
    "H He Li Be B C N O F Ne Na Mg Al Si P S Cl Ar K Ca Sc Ti V Cr Mn Fe Co Ni Cu Zn Ga Ge As Se Br Kr Rb Sr Y Zr Nb Mo Tc Ru Rh Pd Ag Cd In Sn Sb Te I Xe Cs Ba La Ce Pr Nd Pm Sm Eu Gd Tb Dy Ho Er Tm Yb Lu Hf Ta W " +
    "Re Os Ir Pt Au Hg Tl Pb Bi Po At Rn Fr Ra Ac Th Pa U Np Pu Am Cm Bk Cf Es Fm Md No Lr Rf Db Sg Bh Hs Mt";
  const COLORS =
    "ffffffd9ffffcc80ffc2ff00ffb5b59090903050f8ff0d0d90e050b3e3f5ab5cf28aff00bfa6a6f0c8a0ff8000ffff301ff01f80d1e38f40d43dff00e6e6e6bfc2c7a6a6ab8a99c79c7ac7e06633f090a050d050c880337d80b0c28f8f668f8fbd80e3ffa100a62929" +
    "5cb8d1702eb000ff0094ffff94e0e073c2c954b5b53b9e9e248f8f0a7d8c006985c0c0c0ffd98fa675736680809e63b5d47a00940094429eb057178f00c90070d4ffffffc7d9ffc7c7ffc7a3ffc78fffc761ffc745ffc730ffc71fffc700ff9c00e67500d45200bf38" +
    "00ab244dc2ff4da6ff2194d6267dab266696175487d0d0e0ffd123b8b8d0a6544d5759619e4fb5ab5c00754f45428296420066007d0070abfa00baff00a1ff008fff0080ff006bff545cf2785ce38a4fe3a136d4b31fd4b31fbab30da6bd0d87c70066cc0059d1004f" +
    "d90045e00038e6002eeb0026";
  const RADII =
    "31 28 128 96 84 76 71 66 57 58 166 141 121 111 107 105 102 106 203 176 170 160 153 139 139 132 126 124 132 122 122 120 119 120 120 116 220 195 190 175 164 154 147 146 142 139 145 144 142 139 139 138 139 140 244 " +
    "215 207 204 203 201 199 198 198 196 194 192 192 189 190 187 187 175 170 162 151 144 141 136 136 132 145 146 148 140 150 150 260 221 215 206 200 196 190 187 180 169 200 200 200 200 200 200 200 200 200 200 200 " +
    "200 200";
  const NAMES = SYMBOLS.split(" ");
  const LENGTHS = RADII.split(" ").map((each) => Number(each) / 100);
  const [TURN, TILT] = [-0.35, 0.3]; // radians
  const [ATOM, BOND, LONGEST] = [0.5, 1.15, 3.6]; // over covalent radii; longest bond in angstrom
  const NEAR_EDGE = 0.02; // fraction of the cell within which an atom is shown on both sides
  const MOST_BONDED = 400; // atoms; more would be a thicket
  const STEP = 0.12;
  const ELEMENTS = new Map(
    NAMES.map((name, at) => [name, { color: "#" + COLORS.slice(6 * at, 6 * at + 6), radius: LENGTHS[at] }])
  );

  const elementOf = (symbol) => ELEMENTS.get(symbol) || { color: "#ff1493", radius: 1.2 };
  const dot = (a, b) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
  const plus = (a, b, factor = 1) => a.map((each, at) => each + factor * b[at]);
  const cross = (a, b) => [[1, 2], [2, 0], [0, 1]].map(([i, j]) => a[i] * b[j] - a[j] * b[i]);
  const column = (m, at) => m.map((row) => row[at]);
  const product = (a, b) => a.map((row) => [0, 1, 2].map((at) => dot(row, column(b, at))));
  const distance = (a, b) => Math.hypot(...plus(a, b, -1));

  /** Rotation about the axis to the right (0) or up (1), in radians. */
  function rotation(axis, angle) {
    const [c, s] = [Math.cos(angle), Math.sin(angle)];
    return axis === 0 ? [[1, 0, 0], [0, c, -s], [0, s, c]] : [[c, 0, s], [0, 1, 0], [-s, 0, c]];
  }

  /** From space to the screen: x to the right, z up, seen from -y, a little from above. */
  const firstView = () =>
    product(rotation(0, TILT), product(rotation(1, TURN), [[1, 0, 0], [0, 0, 1], [0, -1, 0]]));

  /** Every atom in the cell, those on its boundary on each side. */
  function shownAtoms({ cell, species, positions }) {
    const volume = dot(cell[0], cross(cell[1], cell[2]));
    const back = [cross(cell[1], cell[2]), cross(cell[2], cell[0]), cross(cell[0], cell[1])];
    return species.flatMap((symbol, index) => {
      let places = [[0, 0, 0]];
      back.forEach((normal, axis) => {
        let part = dot(positions[index], normal) / volume;
        part -= Math.floor(part);
        if (part > 1 - NEAR_EDGE / 4) part -= 1;
        const values = part < NEAR_EDGE ? [part, part + 1] : [part];
        places = values.flatMap((value) => places.map((at) => plus(at, cell[axis], value)));
      });
      return places.map((at) => ({ at, symbol }));
    });
  }

  function bondsOf(atoms) {
    if (atoms.length > MOST_BONDED) return [];
    const isBond = (one, other) => {
      const reach = BOND * (elementOf(one.symbol).radius + elementOf(other.symbol).radius);
      const length = distance(one.at, other.at);
      return length > 0.4 && length < Math.min(LONGEST, reach);
    };
    return atoms.flatMap((one, at) => atoms.slice(at + 1).filter((other) => isBond(one, other)).map(
      (other) => ({ from: one.at, to: other.at, color: "--axis", width: 0.14 })
    ));
  }

  function edgesOf(cell) {
    const bits = [0, 1, 2, 3, 4, 5, 6, 7];
    const corner = (bit) => cell.reduce((at, v, axis) => plus(at, v, (bit >> axis) & 1), [0, 0, 0]);
    return bits.flatMap((bit) => [1, 2, 4].filter((step) => !(bit & step)).map((step) => (
      { from: corner(bit), to: corner(bit | step), color: "--faint", width: 0 }
    )));
  }

  function sceneOf(structure) {
    const atoms = shownAtoms(structure);
    const balls = atoms.map(({ at, symbol }) => {
      const { color, radius } = elementOf(symbol);
      return { at, color, radius: ATOM * radius };
    });
    return { balls, sticks: edgesOf(structure.cell).concat(bondsOf(atoms)) };
  }

  function centered(scene) {
    const points = scene.balls.map((each) => each.at).concat(...scene.sticks.map((s) => [s.from, s.to]));
    const radiusOf = (at) => (at < scene.balls.length ? scene.balls[at].radius : 0);
    const middle = [0, 1, 2].map((axis) => {
      const along = column(points, axis);
      return (Math.min(...along) + Math.max(...along)) / 2;
    });
    const seen = points.map((at) => firstView().map((row) => dot(row, plus(at, middle, -1))));
    const far = seen.map(([x, y], at) => Math.max(0.75 * Math.abs(x), Math.abs(y)) + radiusOf(at));
    return { middle, reach: Math.max(0.1, ...far) };
  }

  window.facetScene = function (element, scene) {
    const { middle, reach } = centered(scene);
    const canvas = document.createElement("canvas");
    const [brush, held] = [canvas.getContext("2d"), new Map()];
    let [view, zoom, waiting] = [firstView(), 1, 0];

    const paint = (color, all) => (color.startsWith("--") ? all.getPropertyValue(color).trim() : color);
    const place = (at, scale, size) => {
      const [x, y, depth] = view.map((row) => dot(row, plus(at, middle, -1)));
      return { x: size.x + scale * x, y: size.y - scale * y, depth };
    };

    function stick(each, scale, size, all) {
      const [from, to] = [place(each.from, scale, size), place(each.to, scale, size)];
      const draw = () => {
        const lineWidth = Math.max(1, (each.width || 0) * scale);
        Object.assign(brush, { strokeStyle: paint(each.color, all), lineWidth });
        brush.stroke(new Path2D(`M${from.x} ${from.y}L${to.x} ${to.y}`));
      };
      return { depth: (from.depth + to.depth) / 2, draw };
    }

    function ball(each, scale, size, all) {
      const { x, y, depth } = place(each.at, scale, size);
      const radius = Math.max(1.5, each.radius * scale);
      const draw = () => {
        const [left, top] = [x - 0.35 * radius, y - 0.35 * radius];
        const shade = brush.createRadialGradient(left, top, 0.1 * radius, x, y, radius);
        shade.addColorStop(0, "#fff");
        shade.addColorStop(0.35, paint(each.color, all));
        const disk = new Path2D();
        disk.arc(x, y, radius, 0, 2 * Math.PI);
        Object.assign(brush, { fillStyle: shade, strokeStyle: paint("--axis", all), lineWidth: 1 });
        brush.fill(disk);
        brush.stroke(disk);
      };
      const label = each.label && (() => {
        brush.fillStyle = paint("--ink", all);
        brush.fillText(each.label, x + radius + 3, y + 4);
      });
      return { depth, draw, label };
    }

    function draw() {
      waiting = 0;
      const ratio = window.devicePixelRatio || 1;
      const { clientWidth: width, clientHeight: height } = canvas;
      Object.assign(canvas, { width: Math.round(width * ratio), height: Math.round(height * ratio) });
      brush.setTransform(ratio, 0, 0, ratio, 0, 0);
      const all = getComputedStyle(element);
      brush.font = "12px " + all.fontFamily;
      const scale = (0.46 * zoom * Math.min(width, height)) / reach;
      const size = { x: width / 2, y: height / 2 };
      const parts = scene.sticks.map((each) => stick(each, scale, size, all))
        .concat(scene.balls.map((each) => ball(each, scale, size, all)))
        .sort((one, other) => one.depth - other.depth);
      parts.forEach((each) => each.draw());
      parts.filter((each) => each.label).forEach((each) => each.label());
    }

    const again = () => { waiting = waiting || requestAnimationFrame(draw); };
    const show = (next, factor) => { [view, zoom] = [next, Math.min(8, Math.max(0.4, factor))]; again(); };
    const turn = (right, up) => show(product(rotation(0, up), product(rotation(1, right), view)), zoom);
    const zoomBy = (factor) => show(view, zoom * factor);
    const reset = () => show(firstView(), 1);
    const keys = {
      ArrowLeft: () => turn(-STEP, 0), ArrowRight: () => turn(STEP, 0),
      ArrowUp: () => turn(0, -STEP), ArrowDown: () => turn(0, STEP),
      "+": () => zoomBy(1.2), "=": () => zoomBy(1.2), "-": () => zoomBy(1 / 1.2), Home: reset,
    };
    canvas.addEventListener("pointerdown", (event) => {
      held.set(event.pointerId, [event.clientX, event.clientY]);
      canvas.setPointerCapture(event.pointerId);
    });
    canvas.addEventListener("pointermove", (event) => {
      const last = held.get(event.pointerId);
      if (!last) return;
      turn((event.clientX - last[0]) / 120, (event.clientY - last[1]) / 120);
      held.set(event.pointerId, [event.clientX, event.clientY]);
    });
    canvas.addEventListener("lostpointercapture", (event) => held.delete(event.pointerId));
    canvas.addEventListener("wheel", (event) => {
      if (document.activeElement !== canvas) return; // the page scrolls until the picture is clicked
      event.preventDefault();
      zoomBy(Math.exp(-event.deltaY / 500));
    }, { passive: false });
    canvas.addEventListener("dblclick", reset);
    canvas.addEventListener("keydown", (event) => {
      if (!keys[event.key] || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      keys[event.key]();
    });

    const about = "; arrow keys turn it, plus and minus zoom, Home resets";
    Object.assign(canvas, { tabIndex: 0, role: "img" });
    canvas.setAttribute("aria-label", (element.dataset.label || "Crystal structure") + about);
    element.append(canvas);
    element.classList.add("is-live");
    new ResizeObserver(again).observe(canvas);
    window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
    return { reset };
  };

  function legendOf(species) {
    const legend = Object.assign(document.createElement("p"), { className: "elements" });
    [...new Set(species)].forEach((symbol) => {
      const [chip, spot] = [document.createElement("span"), document.createElement("i")];
      spot.style.background = elementOf(symbol).color;
      chip.append(spot, symbol);
      legend.append(chip);
    });
    return legend;
  }

  window.facetViewer = function (element, structure) {
    if (!element.querySelector(".elements")) element.append(legendOf(structure.species));
    return window.facetScene(element, sceneOf(structure));
  };

  function start(element) {
    const { structure, scene } = element.dataset;
    const given = structure || scene;
    const text = given.startsWith("#") ? document.getElementById(given.slice(1)).textContent : given;
    (structure ? window.facetViewer : window.facetScene)(element, JSON.parse(text));
  }

  function startAll() {
    const seen = new IntersectionObserver((entries) => entries.forEach(({ isIntersecting, target }) => {
      if (!isIntersecting) return;
      seen.unobserve(target);
      start(target);
    }));
    document.querySelectorAll("[data-structure], [data-scene]").forEach((each) => seen.observe(each));
  }

  document.addEventListener("DOMContentLoaded", startAll);
})();
