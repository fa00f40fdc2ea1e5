-- What the article has beyond Markdown, for both typesetters: a line under every figure and table that says where
-- it was computed and gives its data, the sizes of pictures, the look of the abstracts in other languages, and tables
-- that fit the page.
--
-- The metadata `provenance` (build/results/numbers.yml) maps, for each kind of artefact, a name to "notebook › cell".
-- The line is a block of class `provenance` behind the float.

local origins = { figure = {}, table = {} }
local outcomes = {}
local words = {}
local titles = {} -- of captions: fig and tbl before the number, delim behind it
local main_language = "en"
-- Beside this file; asked while it is loaded, when Quarto knows for certain which file that is.
local SHARED = quarto and quarto.utils.resolve_path("floats.lua")
  or pandoc.path.join({ pandoc.path.directory(PANDOC_SCRIPT_FILE), "floats.lua" })
local LANGUAGES = quarto and quarto.utils.resolve_path("languages")
  or pandoc.path.join({ pandoc.path.directory(PANDOC_SCRIPT_FILE), "languages" })

-- Ends it. Not `error`: under Quarto that writes a line, and the document is set all the same.
local function refuse(message)
  assert(false, message)
end

-- What the file of a language says, which the build reads too.
local languages = {}
local function read_language(tag)
  local language = tag:match("^%a+"):lower()
  if languages[language] then
    return languages[language]
  end
  local path = pandoc.path.join({ LANGUAGES, language .. ".yml" })
  local file = io.open(path, "r")
  if not file then
    refuse("no words for the language " .. language .. ": there is no " .. path)
  end
  local content = file:read("a")
  file:close()
  languages[language] = pandoc.read("---\n" .. content .. "\n---\n", "markdown").meta
  return languages[language]
end

local function read_meta(meta)
  for kind, places in pairs(origins) do
    for name, text in pairs(meta.provenance and meta.provenance[kind] or {}) do
      places[name] = pandoc.utils.stringify(text)
    end
  end
  for key, outcome in pairs(meta.bound or {}) do
    outcomes[key] = tonumber(pandoc.utils.stringify(outcome))
  end
  meta.bound = nil
  main_language = meta.lang and pandoc.utils.stringify(meta.lang) or "en"
  words = read_language(main_language).words
  titles.delim = meta.crossref and meta.crossref["title-delim"] and pandoc.utils.stringify(meta.crossref["title-delim"]) or ":"
  for kind, word in pairs({ fig = words.figure, tbl = words.table }) do
    titles[kind] = pandoc.utils.stringify(meta.crossref and meta.crossref[kind .. "-title"] or word)
  end
  -- A variant of the article says so below its title, in every format.
  local variant = meta.build and meta.build.variant
  if variant then
    local said = pandoc.Inlines(pandoc.utils.stringify(words.variant) .. ": " .. pandoc.utils.stringify(variant))
    local subtitle = meta.subtitle and pandoc.Inlines(pandoc.utils.stringify(meta.subtitle) .. " — ") or pandoc.Inlines({})
    meta.subtitle = pandoc.MetaInlines(subtitle .. said)
  end
  -- For the templates, and for subset.lua. In a DOCX, whatever stays in the metadata becomes a property.
  if not (quarto and FORMAT:match("docx")) then
    meta.words = words
  end
  -- From which commit, for `paper review`, to which an edited DOCX comes back.
  local commit = meta.build and pandoc.utils.stringify(meta.build.commit or "") or ""
  if FORMAT:match("docx") and commit:match("^%x+$") then
    meta["built-from"] = pandoc.MetaString(commit .. (meta.build.dirty == true and " and changes" or ""))
  end
  return meta
end

-- Wordings stand side by side, parted by bars.
local function wordings(content)
  local found = pandoc.List({ pandoc.Inlines({}) })
  for _, inline in ipairs(content) do
    if inline.t == "Str" and inline.text:find("|", 1, true) then
      local first = true
      for piece in (inline.text .. "|"):gmatch("([^|]*)|") do
        if not first then
          found:insert(pandoc.Inlines({}))
        end
        first = false
        if piece ~= "" then
          found[#found]:insert(pandoc.Str(piece))
        end
      end
    else
      found[#found]:insert(inline)
    end
  end
  return found
end

local function marked(paragraph)
  paragraph.content = pandoc.Inlines({ pandoc.Span(paragraph.content, pandoc.Attr("", { "mark" })) })
  return paragraph
end

-- A span or div with the wording that the results choose.
local function choose(element, language)
  element.classes = element.classes:filter(function(class)
    return class ~= "no-result"
  end)
  element.attributes.why = nil
  for _, kind in ipairs({ "when", "if", "sign", "count" }) do
    local expression = element.attributes[kind]
    if expression then
      local pieces = kind == "when" and { element.content } or wordings(element.content)
      local tag = (kind == "count" and " " .. language:match("^%a+"):lower() or "")
        .. (kind ~= "when" and " " .. #pieces or "")
      local key = kind .. tag .. " " .. expression:gsub("%s+", " "):match("^%s*(.-)%s*$")
      local outcome = outcomes[key]
      if not outcome then
        refuse(
          "nothing says whether this holds: " .. key .. "; paper build evaluates it. "
            .. "Bars stand between wordings, not inside their emphasis or quotation marks"
        )
      end
      element.attributes[kind] = nil
      if outcome ~= 0 then
        element.content = pieces[outcome]
      elseif element.t == "Span" then
        element.classes:insert("mark")
      else
        element.content = element.content:walk({ Para = marked, Plain = marked })
      end
    end
  end
  return element
end

local function bind(text, language)
  return text:walk({
    traverse = "topdown",
    Span = function(span)
      return choose(span, language)
    end,
    Div = function(div)
      local own = div.attributes.lang
      if own then
        div.content = bind(div.content, own)
        return choose(div, own), false
      end
      return choose(div, language)
    end,
    Image = function(image)
      image.attributes["alt-when"] = nil
      return image
    end,
  })
end

-- Blanks at which no line breaks, by the rules of the language: before a dash, between a number and its unit.
local function together(language)
  local rules = read_language(language).unbroken
  if not rules then
    return nil
  end
  local sets = {}
  for name, listed in pairs(rules) do
    sets[name] = {}
    for _, word in ipairs(listed) do
      sets[name][pandoc.utils.stringify(word)] = true
    end
  end
  return function(inlines)
    for position = 2, #inlines - 1 do
      local blank, before, after = inlines[position], inlines[position - 1], inlines[position + 1]
      if (blank.t == "Space" or blank.t == "SoftBreak") and after.t == "Str" then
        local last = pandoc.utils.stringify(before):match("(%S+)%s*$") or ""
        -- Brackets and quotation marks in front of a word, and the marks behind it, are no part of it.
        local small = pandoc.text.lower((last:gsub("^[%(%[\"]+", ""):gsub("^«", ""):gsub("^„", "")))
        local word = after.text
        local unit = word:gsub("[%)%];:,]+$", "")
        if sets.before[word] or sets.after[small] or last:match("%d$") and (sets.units[unit] or sets.units[unit:gsub("%.$", "")]) then
          inlines[position] = pandoc.Str("\u{a0}")
        end
      end
    end
    return inlines
  end
end

-- The same in a text and in its passages in other languages, each by its own rules.
local function unbroken(text, language)
  local keep = together(language)
  return text:walk({
    traverse = "topdown",
    Inlines = keep,
    Div = function(div)
      local own = div.attributes.lang
      if own and own ~= language then
        div.content = unbroken(div.content, own)
        return div, false
      end
    end,
  })
end

local function bind_all(document)
  for _, key in ipairs({ "title", "subtitle", "abstract" }) do
    local kind = pandoc.utils.type(document.meta[key])
    if kind == "Blocks" or kind == "Inlines" then
      document.meta[key] = unbroken(bind(document.meta[key], main_language), main_language)
    end
  end
  document.blocks = unbroken(bind(document.blocks, main_language), main_language)
  return document
end

local function read_file(path)
  local file = io.open(path, "rb")
  local content = file and file:read("a")
  if file then
    file:close()
  end
  return content
end

-- A figure is known by its file; a table, whose file was included, by its identifier without "tbl-". With the origin,
-- the path of the figures behind it without its ending.
local function origin_of(identifier, content)
  local stem = identifier:gsub("^%a+%-", "", 1)
  local kind, data = "table", "tables/" .. stem
  pandoc.Blocks(content):walk({
    Image = function(image)
      data = pandoc.path.split_extension(image.src)
      kind, stem = "figure", pandoc.path.filename(data)
    end,
  })
  return origins[kind][stem] or origins[kind][identifier], data
end

-- The figures behind a float, as a file that the page holds.
local function data_link(path)
  -- The picture of an edition lies one folder deeper than the figures behind it, which have no words.
  local name = pandoc.path.filename(path) .. ".csv"
  local content = read_file(path .. ".csv")
    or read_file(pandoc.path.join({ pandoc.path.directory(pandoc.path.directory(path)), name }))
  if not content then
    return {}
  end
  local address = "data:text/csv;charset=utf-8," .. content:gsub("[^%w%-._~,;:]", function(byte)
    return string.format("%%%02X", byte:byte())
  end)
  return pandoc.Inlines({
    pandoc.Space(),
    -- A list of pairs: the order of a table's keys is another in every run.
    pandoc.Link("CSV", address, "", pandoc.Attr("", { "download" }, { { "download", name }, { "aria-label", name } })),
  })
end

local function line(origin, data)
  local notebook, cell = origin:match("^(%S+) › (%S+)$")
  local inlines = pandoc.Inlines(words["computed-in"])
  inlines:insert(pandoc.Space())
  if FORMAT:match("html") and notebook then
    inlines:insert(pandoc.Link(origin, "notebooks/" .. notebook .. ".html#" .. cell))
    inlines:extend(data_link(data))
  else
    inlines:extend(pandoc.Inlines(origin))
  end
  local blocks = { pandoc.Plain(inlines) }
  if FORMAT:match("typst") then
    blocks = {
      pandoc.RawBlock("typst", "#block(above: 0.7em, text(size: 8pt, fill: luma(35%))["),
      blocks[1],
      pandoc.RawBlock("typst", "])"),
    }
  elseif FORMAT:match("docx") then
    blocks = { pandoc.Para(inlines) }
  end
  return pandoc.Div(blocks, pandoc.Attr("", { "provenance" }, { { "custom-style", "Provenance" } }))
end

local function with_line(float, identifier, content)
  local origin, data = origin_of(identifier, content)
  if origin then
    return { float, line(origin, data) }
  end
end

local floats = dofile(SHARED)
local provenance = {} -- by the name of a float, for Quarto sets both at once
local appended = {} -- names of floats in an appendix

-- Width and height of a drawing or picture in pixels of the page; nothing where its head does not say.
local function size_of(path)
  local file = io.open(path, "rb")
  local start = file and file:read(2000) or ""
  if file then
    file:close()
  end
  if start:sub(2, 4) == "PNG" then
    return string.unpack(">I4I4", start, 17)
  end
  local tag = start:match("<svg[^>]*>") or ""
  local pixels = { pt = 4 / 3, px = 1, [""] = 1, mm = 96 / 25.4, cm = 960 / 25.4, ["in"] = 96 }
  local function length(name)
    local number, unit = tag:match("%s" .. name .. "=[\"']([%d.]+)(%a*)[\"']")
    return number and pixels[unit] and math.floor(number * pixels[unit] + 0.5)
  end
  local width, height = length("width"), length("height")
  if width and height then
    return width, height
  end
end

-- A page keeps the room of its pictures and draws each when it is scrolled to.
local function lazy(image)
  if not FORMAT:match("html") then
    return nil
  end
  image.attributes.loading, image.attributes.decoding = "lazy", "async"
  local width, height = size_of(image.src)
  if width and not (image.attributes.width or image.attributes.height) then
    image.attributes.width, image.attributes.height = tostring(width), tostring(height)
  end
  return image
end

local GAP = 2 -- characters between two columns

-- Where Typst breaks a word: behind a hyphen or, by the template, an underscore, between letters.
local function pieces(text)
  return FORMAT:match("typst") and text:gsub("(%a[-_])(%a)", "%1 %2") or text
end

-- By column, in characters, the longest text and the longest word; and by row the lengths of its texts. A head is bold
-- and breaks into two lines.
local function measure(tbl)
  local columns, rows = pandoc.List({}), pandoc.List({})
  local simple = pandoc.utils.to_simple_table(tbl)
  for column, cell in ipairs(simple.header) do
    local text = pandoc.utils.stringify(cell)
    local word = 0
    for found in pieces(text):gmatch("%S+") do
      word = math.max(word, pandoc.text.len(found) + 1)
    end
    columns[column] = { text = math.max(word, math.ceil(pandoc.text.len(text) / 2)), word = word }
  end
  for _, row in ipairs(simple.rows) do
    local lengths = {}
    for number, cell in ipairs(row) do
      local text = pandoc.utils.stringify(cell)
      local column, length = columns[number], pandoc.text.len(text)
      lengths[number] = length
      column.text = math.max(column.text, length)
      for found in pieces(text):gmatch("%S+") do
        column.word = math.max(column.word, pandoc.text.len(found))
      end
    end
    rows:insert(lengths)
  end
  return columns, rows
end

local LINE = 108 -- characters on a line of the page at 8 points, where texts break
local WIDE = 1.2 -- lines of the text on one of the page that takes its part of both margins
local LANDSCAPE = 1.5 -- lines of the upright page on one of a page on its side
local READABLE = 18 -- characters that a column of running text has at least
local COMFORTABLE = 24 -- and that it has where a line can be longer

local function runs(column)
  return column.text > 3 * READABLE
end

-- The least a column may have: no word breaks, a short text breaks once, and running text stays readable.
local function least(column)
  return math.max(column.word, math.min(math.ceil(column.text / 2), READABLE)) + GAP
end

-- How many lines a text takes, roughly: words break a little before the end of a line.
local function lines(length, width)
  return math.max(1, 1.1 * length / (width - GAP))
end

-- Shares out what is left of a line, a character at a time to the column that makes the rows lower by most.
local function share_out(widths, rows, rest)
  -- Which column makes a row as high as it is, and how high it is without that column.
  local function gains()
    local found = {}
    for _, row in ipairs(rows) do
      local highest, first, second = nil, 1, 1
      for number, length in ipairs(row) do
        local height = lines(length, widths[number])
        if height > first then
          highest, first, second = number, height, first
        elseif height > second then
          second = height
        end
      end
      if highest then
        local next = math.max(second, lines(row[highest], widths[highest] + 1))
        found[highest] = (found[highest] or 0) + first - next
      end
    end
    return found
  end
  for _ = 1, math.floor(rest) do
    local best, most = nil, 1e-9
    local found = gains()
    for number = 1, #widths do
      if (found[number] or 0) > most then
        best, most = number, found[number]
      end
    end
    if not best then
      break -- no text breaks any more
    end
    widths[best] = widths[best] + 1
  end
end

-- Type size in points, never under 8; where texts have to break, the columns' shares of an upright line; and how many of
-- these a line has, which is one, or more on a page on its side or, in the PDF, with some of its margins.
local function fit(columns, rows)
  local total, needed = 0, 0
  for _, column in ipairs(columns) do
    total = total + column.text + GAP
    needed = needed + least(column)
  end
  -- Characters that fit a line of the PDF in each size.
  for _, size in ipairs({ { 9, 86 }, { 8, 100 } }) do
    if total <= size[2] then
      return size[1], nil, total, 1
    end
  end
  -- The columns in characters on a line of so many, and whether running text is cramped in them.
  local function shared(line)
    local widths, rest, cramped = {}, line, false
    for number, column in ipairs(columns) do
      -- Texts of a few words may break oftener where that leaves room for longer ones.
      widths[number] = runs(column) and least(column) or column.word + GAP
      rest = rest - widths[number]
    end
    share_out(widths, rows, rest)
    for number, column in ipairs(columns) do
      cramped = cramped or runs(column) and widths[number] < COMFORTABLE
    end
    return widths, cramped
  end
  local scale, widths, cramped, sum = 1, nil, true, 0
  if needed <= LINE then
    widths, cramped = shared(LINE)
  end
  if cramped and needed <= LINE * WIDE and FORMAT:match("typst") then
    scale, widths = WIDE, shared(LINE * WIDE)
  elseif not widths then
    scale, widths = LANDSCAPE, shared(LINE * LANDSCAPE)
  end
  for _, width in ipairs(widths) do
    sum = sum + width
  end
  for number, width in ipairs(widths) do
    widths[number] = width / sum * scale
  end
  return 8, widths, total, scale
end

-- The rule below a table belongs to its last row: a frame around the table would draw one on each page that it passes.
local function closed(tbl)
  local rows = tbl.bodies[#tbl.bodies].body
  for _, cell in ipairs(rows[#rows] and rows[#rows].cells or {}) do
    cell.attributes["typst:stroke"] = "(bottom: 0.8pt)"
  end
  return tbl
end

-- The table in a size and with widths that fit the page. Pandoc's own widths come from the dashes under a long head
-- and mean nothing.
local function sized(tbl)
  local columns, rows = measure(tbl)
  local points, widths, total, scale = fit(columns, rows)
  for number, column in ipairs(columns) do
    local width = nil
    if FORMAT:match("typst") then
      width = widths and widths[number] / scale
    elseif FORMAT:match("docx") then
      -- Word processors measure no text, so they are always told; a short table is not spread over the page.
      width = widths and widths[number] or (column.text + GAP) / math.max(total, 70)
    end
    tbl.colspecs[number] = { tbl.colspecs[number][1], width }
  end
  if FORMAT:match("typst") then
    return pandoc.Div({
      pandoc.RawBlock("typst", "#{ set text(size: " .. points .. "pt); " .. (scale == WIDE and "wide" or "") .. "["),
      closed(tbl),
      pandoc.RawBlock("typst", "] }"),
    }, pandoc.Attr("", { "sized", scale == LANDSCAPE and "turned" or nil }))
  elseif FORMAT:match("docx") then
    local style = { { "custom-style", points < 9 and "Table Text Small" or "Table Text" } }
    -- An empty cell has a line too, whose size decides how high the row is.
    for _, body in ipairs(tbl.bodies) do
      for _, row in ipairs(body.body) do
        for _, cell in ipairs(row.cells) do
          if #cell.contents == 0 then
            cell.contents = { pandoc.Plain({ pandoc.Str("") }) }
          end
        end
      end
    end
    return tbl:walk({
      Plain = function(plain)
        return pandoc.Div({ pandoc.Para(plain.content) }, pandoc.Attr("", {}, style))
      end,
    })
  end
  return tbl
end

-- Quarto's own floats: a table of one cell around each in a DOCX, other marks in the page, none at the head of a page in
-- the PDF. In their place stand those that the embedded engine sets, numbered by Quarto, and in the PDF by Typst.
local function set_by_quarto(float)
  local kind = float.identifier:match("^%a+")
  local given = {
    provenance = provenance[float.identifier],
    appended = appended[float.identifier],
  }
  given.caption = pandoc.Inlines(float.caption_long and float.caption_long.content or {})
  if FORMAT:match("typst") then
    given.numbering = ', supplement: [' .. titles[kind] .. '], numbering: "1"'
  else
    given.name = titles[kind] .. " " .. float.order.order
    given.label = titles[kind] .. "\u{a0}" .. float.order.order .. titles.delim
  end
  local content = quarto.utils.as_blocks(float.content)
  if kind == "tbl" then
    local blocks, turned = floats.numbered_table(float.identifier, content, given)
    if turned then
      blocks:insert(1, pandoc.RawBlock("typst", "#page(flipped: true)["))
      blocks:insert(pandoc.RawBlock("typst", "]"))
    end
    return blocks
  end
  local image
  content:walk({
    Image = function(found)
      image = found
    end,
  })
  local alt = image.attributes["fig-alt"] or image.attributes.alt
  if alt and not FORMAT:match("html") then
    image.caption = pandoc.Inlines(alt)
  end
  given.width = image.attributes.width
  return floats.figure(float.identifier, image, given)
end

if quarto then
  quarto._quarto.ast.add_renderer("FloatRefTarget", function(float)
    return float.identifier:match("^fig%-") or float.identifier:match("^tbl%-")
  end, set_by_quarto)
  -- Quarto's own callout is a quotation in a plain page, its name in English, and a table in a DOCX.
  quarto._quarto.ast.add_renderer("Callout", function(_)
    return true
  end, function(callout)
    local title = callout.title and quarto.utils.as_inlines(callout.title) or {}
    if #title == 0 then
      title = pandoc.Inlines(pandoc.utils.stringify(words[callout.type]))
    end
    return floats.callout(callout.type, title, quarto.utils.as_blocks(callout.content))
  end)
end

-- Which floats stand in an appendix. Without Quarto subset.lua asks, which counts all floats.
local function find_appended(document)
  local inside = false
  for _, block in ipairs(quarto and document.blocks or {}) do
    if block.t == "Header" and block.level == 1 then
      inside = floats.begins(block, pandoc.utils.stringify(words.appendix))
    elseif inside and block.t == "Div" and block.attributes.__quarto_custom_type == "FloatRefTarget" then
      local identifier = quarto._quarto.ast.resolve_custom_data(block).identifier
      appended[identifier] = true
    end
  end
end

-- HTML needs no more than the class.
local function abstract(div)
  if FORMAT:match("typst") then
    div.content:insert(1, pandoc.RawBlock("typst", "#abstract-box["))
    div.content:insert(pandoc.RawBlock("typst", "]"))
  elseif FORMAT:match("docx") then
    div.attributes["custom-style"] = "Abstract"
  end
  return div
end

return {
  { Meta = read_meta },
  { Pandoc = bind_all },
  { Pandoc = find_appended },
  {
    Table = sized,
    Image = lazy,
    -- Quarto's own node for figures and tables alike.
    FloatRefTarget = function(float)
      local origin, data = origin_of(float.identifier, float.content)
      provenance[float.identifier] = origin and line(origin, data)
    end,
    -- The same things as pandoc reads them.
    Figure = function(figure)
      if figure.identifier:match("^fig%-") then
        return with_line(figure, figure.identifier, figure.content)
      end
    end,
    Div = function(div)
      if div.identifier:match("^tbl%-") then
        return with_line(div, div.identifier, div.content)
      elseif div.classes:includes("abstract") then
        return abstract(div)
      end
    end,
  },
}
