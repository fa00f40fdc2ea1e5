-- Quarto's documented Markdown, the part of it that the article uses, for plain pandoc.
--
-- Cross references, numbered sections, figures, tables and equations, callouts and content by format, with
-- Quarto's numbering and wording. Whatever lies outside is reported on standard error, one line each:
--   paper-problem <TAB> text to look for in the source <TAB> what is wrong <TAB> what is supported
-- and ends the run with status 84. Shortcodes are gone before pandoc reads the text (source.py).

local TARGET = FORMAT:match("html") and "html" or FORMAT:match("typst") and "typst" or FORMAT
local NBSP = "\u{a0}"
local NAMED = { fig = "figure", tbl = "table", sec = "section", eq = "equation" }
local CALLOUT = { note = true, warning = true, important = true, tip = true, caution = true }
local FORMATS = { html = true, typst = true, docx = true }
-- How floats look, which Quarto is told too.
local floats = dofile(pandoc.path.join({ pandoc.path.directory(PANDOC_SCRIPT_FILE), "_extensions", "paperbuild", "floats.lua" }))
local styled = floats.styled
local PLAIN_CLASSES = { abstract = true, provenance = true, references = true, section = true, sized = true,
  turned = true }
-- Quarto's other cross-reference types: a citation key may not look like one of them.
local OTHER_TYPES = { lst = true, thm = true, lem = true, cor = true, prp = true, cnj = true, def = true, exm = true,
  exr = true, suppfig = true, supptbl = true, nte = true, wrn = true, tip = true, imp = true, cau = true }

local problems = {}
local words = {} -- of the article's language, by article.lua
local crossref = {} -- other words about numbers: fig-title of captions, fig-prefix of references, the sign behind captions' numbers
local number_sections = true
local index = {} -- identifier → number as printed
local counts = { fig = 0, tbl = 0, eq = 0 }
local sections = {}
local appendix = false
local appended = {} -- identifiers of floats in an appendix

local function problem(token, message, supported)
  table.insert(problems, table.concat({ "paper-problem", token, message, supported or "" }, "\t"))
end

local function kind_of(identifier)
  return identifier:match("^(%a+)%-")
end

local function title(kind)
  return (crossref[kind .. "-title"] or words[NAMED[kind]]) .. NBSP
end

local function prefix(kind)
  return (crossref[kind .. "-prefix"] or words[NAMED[kind]]) .. NBSP
end

-- @Fig-name begins a sentence.
local function capital(text)
  return pandoc.text.upper(pandoc.text.sub(text, 1, 1)) .. pandoc.text.sub(text, 2)
end

local function raw(text)
  return pandoc.RawBlock(TARGET == "docx" and "openxml" or TARGET, text)
end

local function escape(text)
  return (text:gsub("&", "&amp;"):gsub("<", "&lt;"):gsub(">", "&gt;"):gsub('"', "&quot;"))
end

-- The first words of a caption as the source has them: up to markup, or to a sign that pandoc writes in its own way.
local function beginning(caption)
  local text = ""
  for _, inline in ipairs(pandoc.utils.blocks_to_inlines(caption.long)) do
    if inline.t == "Str" and not inline.text:find("[–—…‘’“”]") and #text < 30 then
      text = text .. inline.text
    elseif inline.t == "Space" and #text < 30 then
      text = text .. " "
    else
      break
    end
  end
  return text:match("%S") and text or pandoc.utils.stringify(caption.long)
end

-- 1. Content for some formats only -------------------------------------------------------------------------

local function drop_comment(block)
  if block.text:match("^%s*<!%-%-.*%-%->%s*$") then
    return {}
  end
end

-- For a block and for words in a line.
local function by_format(div)
  local visible, hidden = div.classes:includes("content-visible"), div.classes:includes("content-hidden")
  if not (visible or hidden) then
    return nil
  end
  local applies = true
  for key, value in pairs(div.attributes) do
    if (key ~= "when-format" and key ~= "unless-format") or not FORMATS[value] then
      problem(key .. '="' .. value .. '"', "content condition " .. key .. "=" .. value,
        "when-format or unless-format with html, typst or docx")
      return {}
    end
    applies = applies and ((value == TARGET) == (key == "when-format"))
  end
  return applies == visible and div.content or {}
end

-- 2. Numbers -----------------------------------------------------------------------------------------------

local function define(identifier, number)
  if index[identifier] then
    problem("#" .. identifier, "the name " .. identifier .. " is given twice", "each name once")
  end
  index[identifier] = number
end

local function count(identifier)
  local kind = kind_of(identifier)
  counts[kind] = counts[kind] + 1
  appended[identifier] = appendix
  define(identifier, tostring(counts[kind]))
end

local function number_header(header)
  local identifier = header.identifier
  if header.classes:includes("unnumbered") then
    appendix = appendix or floats.begins(header, words.appendix)
    return nil
  end
  if not number_sections then
    return nil
  end
  for level = #sections + 1, header.level do
    sections[level] = 0
  end
  for level = #sections, header.level + 1, -1 do
    sections[level] = nil
  end
  sections[header.level] = sections[header.level] + 1
  local number = table.concat(sections, ".")
  if kind_of(identifier) == "sec" then
    define(identifier, number)
  end
  header.attributes["data-number"] = number
  header.content:insert(1, pandoc.Space())
  -- So does Quarto: a full stop behind the number of a first-level heading, in word processors only.
  local printed = number .. (TARGET == "docx" and header.level == 1 and "." or "")
  header.content:insert(1, pandoc.Span(printed, pandoc.Attr("", { "header-section-number" })))
  return header
end

-- The label of `$$ … $$ {#eq-x}` is what the reader leaves behind the formula.
local function equation_label(block)
  local inlines = block.content
  local last = inlines[#inlines]
  local label = last and last.t == "Str" and last.text:match("^{#(eq%-[^}%s]+)}$")
  if not label then
    return nil
  end
  local first = inlines[1]
  if first.t ~= "Math" or first.mathtype ~= "DisplayMath" or #inlines > 3 then
    problem("#" .. label, "a labelled equation shares its paragraph with other text",
      "$$ … $$ {#eq-name} as a paragraph of its own")
  end
  return label
end

-- 3. References --------------------------------------------------------------------------------------------

local function resolve(cite)
  local refs, others = pandoc.Inlines({}), 0
  for _, citation in ipairs(cite.citations) do
    local label = citation.id:sub(1, 1):lower() .. citation.id:sub(2)
    local kind = kind_of(label)
    if kind and OTHER_TYPES[kind] then
      problem("@" .. citation.id, "a reference of type " .. kind, "@fig- @tbl- @sec- @eq-")
    elseif not (kind and NAMED[kind]) then
      others = others + 1
    elseif not index[label] then
      problem("@" .. citation.id, "nothing that is numbered bears the name " .. label,
        kind == "sec" and not number_sections and "number-sections: true, or a link [words](#sec-name)" or "a figure, table, equation or numbered section with {#" .. label .. "}")
    else
      if #citation.suffix > 0 then
        problem("@" .. citation.id, "text behind a cross reference inside its brackets", "[@fig-a; @fig-b]")
      end
      local text = pandoc.Inlines({})
      if #citation.prefix > 0 then
        text:extend(citation.prefix)
        text:insert(pandoc.Str(NBSP))
      elseif citation.mode ~= "SuppressAuthor" then
        text:insert(pandoc.Str(citation.id == label and prefix(kind) or capital(prefix(kind))))
      end
      text:insert(pandoc.Str(index[label]))
      if #refs > 0 then
        refs:extend({ pandoc.Str(","), pandoc.Space() })
      end
      refs:insert(pandoc.Link(text, "#" .. label, "", pandoc.Attr("", { "xref" })))
    end
  end
  if #refs == 0 then
    return nil
  end
  if others > 0 then
    problem(pandoc.utils.stringify(cite.content), "a citation and a cross reference share one pair of brackets",
      "brackets of their own for each")
  end
  return refs
end

local function check_raw_inline(inline)
  if not inline.text:match("^<!%-%-") then
    problem(inline.text:match("^[^\n]*"), "raw " .. inline.format, "Markdown")
  end
end

-- 4. Floats ------------------------------------------------------------------------------------------------

local function label_of(identifier)
  return title(kind_of(identifier)) .. index[identifier] .. (crossref["title-delim"] or ":")
end

-- The units of Quarto's documentation; a bare number is one of pixels.
local UNITS = { px = true, ["in"] = true, cm = true, mm = true, pt = true, ["%"] = true }

-- A picture's width as Typst writes it, which knows no pixels: 96 an inch, as in pandoc. Nothing for no width at all.
local function typst_width(width)
  local number, unit = width:match("^(%d+%.?%d*)([%a%%]*)$")
  unit = unit == "" and "px" or unit
  if number and UNITS[unit] then
    return unit == "px" and string.format("%.4gin", tonumber(number) / 96) or number .. unit
  end
end

-- What article.lua has given a picture of the page.
local PAGE_ATTRIBUTES = { height = true, loading = true, decoding = true }

local function picture(image, identifier)
  local alt = image.attributes["fig-alt"]
  if not alt or alt == "" then
    problem("#" .. identifier, "the figure has no alternative text", 'fig-alt="what is seen"')
    alt = ""
  end
  local kept = pandoc.List({}) -- in order, for a table of Lua has none
  for key, value in pairs(image.attributes) do
    if key == "width" or TARGET == "html" and PAGE_ATTRIBUTES[key] then
      kept:insert({ key, value })
    elseif key ~= "fig-alt" then
      problem("#" .. identifier, "the figure attribute " .. key, "fig-alt and width")
    end
  end
  local width = image.attributes.width
  if width and not typst_width(width) then
    problem("width=" .. width, "the width " .. width, "width=300, or a number with px, in, cm, mm, pt or %")
  end
  local file = io.open(image.src, "rb")
  if file then
    file:close()
  else
    problem("#" .. identifier, "the picture " .. image.src .. " does not exist", "a file that the build makes: paper build")
  end
  return pandoc.Image(pandoc.Inlines(alt), image.src, "", pandoc.Attr("", {}, kept))
end

local function figure(element, provenance)
  local identifier = element.identifier
  local image
  element.content:walk({ Image = function(found) image = found end })
  local caption = pandoc.utils.blocks_to_inlines(element.caption.long)
  if #caption == 0 then
    problem("#" .. identifier, "the figure has no caption", "![Caption](figures/name){#fig-name fig-alt=…}")
  end
  image = picture(image, identifier)
  local width = image.attributes.width
  return floats.figure(identifier, image, {
    label = label_of(identifier),
    caption = caption,
    provenance = provenance,
    width = width and typst_width(width),
    appended = appended[identifier],
  })
end

local function numbered_table(div, provenance)
  local identifier = div.identifier
  local content = div.content:clone()
  local last = content:remove(#content)
  if not last or last.t ~= "Para" then
    problem("#" .. identifier, "the table has no caption", "a last paragraph inside the ::: block, after a blank line")
    return nil
  end
  local tables = 0
  content:walk({
    Table = function()
      tables = tables + 1
    end,
  })
  if tables ~= 1 then
    problem("#" .. identifier, "the block holds " .. tables .. " tables", "one table and its caption")
  end
  return floats.numbered_table(identifier, content, {
    label = label_of(identifier),
    caption = last.content,
    provenance = provenance,
    name = words.table .. " " .. index[identifier],
    appended = appended[identifier],
  })
end

local function equation(block, label)
  local math = block.content[1]
  local number = index[label]
  if TARGET == "html" then
    return floats.html_equation(label, math, number, words.equation .. " " .. number)
  elseif TARGET == "typst" then
    -- Typst's own notation already, so that the label meets the formula and nothing around it.
    local alt = math.text:gsub("%s+", " "):gsub("[\\\"]", "\\%0")
    return { raw('#[#set math.equation(numbering: _ => "(' .. number .. ')", alt: "' .. alt .. '")'),
      raw(pandoc.write(pandoc.Pandoc({ pandoc.Plain({ math }) }), "typst")), raw("<" .. label .. ">]") }
  end
  math.text = math.text .. "\\qquad(" .. number .. ")"
  return pandoc.Div({ pandoc.Para({ math }) }, pandoc.Attr(label))
end

-- 5. Callouts ----------------------------------------------------------------------------------------------

local function callout(div, kind)
  div.content:walk({
    Figure = function(inner) problem("#" .. inner.identifier, "a figure inside a callout", "figures between paragraphs") end,
    Div = function(inner)
      if inner.identifier:match("^tbl%-") then
        problem("#" .. inner.identifier, "a table inside a callout", "tables between paragraphs")
      end
    end,
  })
  for key in pairs(div.attributes) do
    if key ~= "title" then
      problem("callout-" .. kind, "the callout attribute " .. key, "title")
    end
  end
  local content = div.content:clone()
  local title = pandoc.Inlines(div.attributes.title or words[kind])
  if content[1] and content[1].t == "Header" then
    title = content:remove(1).content
  end
  return floats.callout(kind, title, content)
end

-- Everything in order ----------------------------------------------------------------------------------------

local function callout_kind(div)
  for _, class in ipairs(div.classes) do
    local kind = class:match("^callout%-(.+)$")
    if kind then
      return kind
    end
  end
end

-- Quarto numbers these wherever they stand, referred to or not.
local function check_name(identifier)
  local kind = kind_of(identifier)
  if kind and OTHER_TYPES[kind] then
    problem("#" .. identifier, "a numbered block of type " .. kind, "names with fig-, tbl-, sec- or eq-")
  end
end

local function check_table(tbl)
  if #tbl.caption.long > 0 then
    problem(beginning(tbl.caption), "a table with a caption of its own",
      "a block ::: {#tbl-name} with the table and, last, its caption")
  end
end

local function check_div(div)
  local kind = callout_kind(div)
  if kind and not CALLOUT[kind] then
    problem("callout-" .. kind, "a callout of kind " .. kind, "note, warning, important, tip, caution")
  end
  if div.identifier:match("^fig%-") then
    problem("#" .. div.identifier, "a figure written as a block", "![Caption](figures/name){#fig-name fig-alt=…}")
  end
  check_name(div.identifier)
  for _, class in ipairs(div.classes) do
    if not PLAIN_CLASSES[class] and not class:match("^callout%-") and not class:match("^content%-") then
      problem("." .. class, "a block of class " .. class,
        "abstract, callout-…, content-visible, content-hidden, {#tbl-…}, {#refs}")
    end
  end
  for key in pairs(div.attributes) do
    if div.identifier:match("^tbl%-") or key:match("^layout") then
      problem(key .. "=", "the block attribute " .. key, "lang; when-format; title of a callout")
    end
  end
end

-- The first look at everything, from the top down: what is outside the subset, and numbers for what is in it.
local survey = {
  traverse = "topdown",
  RawBlock = function(block)
    problem(block.text:match("^[^\n]*"), "raw " .. block.format, "Markdown")
  end,
  Header = number_header,
  Div = function(div)
    -- Where citations are printed already, what is in here is citeproc's.
    if div.identifier == "refs" then
      return div, false
    end
    check_div(div)
    if div.identifier:match("^tbl%-") then
      count(div.identifier)
    end
    -- The title of a callout is not a section.
    if callout_kind(div) and div.content[1] and div.content[1].t == "Header" then
      div.content[1].classes:insert("unnumbered")
    end
    -- In the PDF article.lua has set a size around each table.
    if div.classes:includes("sized") then
      div.content:walk({ Table = check_table })
    end
    -- Raw blocks in these are article.lua's.
    return div, not (div.classes:includes("provenance") or div.classes:includes("abstract") or div.classes:includes("sized"))
  end,
  Figure = function(element)
    if element.identifier:match("^fig%-") then
      count(element.identifier)
    else
      problem(beginning(element.caption), "a picture without a name", "{#fig-name fig-alt=…}")
    end
    return element, false
  end,
  Image = function(image)
    if kind_of(image.identifier) == "fig" then
      problem("#" .. image.identifier, "a figure amid other text", "a figure as a paragraph of its own")
    end
  end,
  Link = function(link)
    local pictured = false
    link.content:walk({ Image = function() pictured = true end })
    if pictured then
      problem("[![", "a picture as a link", "![Caption](figures/name){#fig-name fig-alt=…}, and the link in the caption")
      return link, false
    end
  end,
  CodeBlock = function(block)
    check_name(block.identifier)
  end,
  Table = check_table,
  Para = function(block)
    local label = equation_label(block)
    if label then
      count(label)
    end
  end,
}

-- Not so the styled caption that takes the name of its table in a DOCX.
local function counts_tables(div)
  return div.identifier:match("^tbl%-") and not div.attributes["custom-style"]
end

-- A float and the provenance block behind it are set together. Only the outermost blocks are looked through: to ask
-- every cell of every table would take longer than all the rest.
local function set_floats(blocks)
  local result, placed = pandoc.Blocks({}), {}
  local turned = false -- the last block closes pages on their side, which the next such table shares
  local position = 1
  while position <= #blocks do
    local block, following = blocks[position], blocks[position + 1]
    local provenance = following and following.t == "Div" and following.classes:includes("provenance") and following or nil
    local done, landscape
    if block.t == "Figure" and index[block.identifier] then
      done = figure(block, provenance)
    elseif block.t == "Div" and counts_tables(block) then
      done, landscape = numbered_table(block, provenance)
    end
    if landscape then
      if turned then
        result:remove(#result)
      else
        result:insert(raw("#page(flipped: true)["))
      end
      done:insert(raw("]"))
    end
    turned = landscape
    if done then
      placed[block.identifier] = true
      result:extend(done)
      position = position + (provenance and 2 or 1)
    else
      result:insert(block)
      position = position + 1
    end
  end
  for identifier in pairs(appended) do
    if #problems == 0 and not placed[identifier] and kind_of(identifier) ~= "eq" then
      problem("#" .. identifier, "a figure or table inside another block", "figures and tables between paragraphs")
    end
  end
  return result
end

-- A bare span at the start kept a number from being read as the start of a list (source.py). As one word with what
-- follows the number is protected by pandoc itself.
local function unwrap_first(block)
  local first, second = block.content[1], block.content[2]
  if first and first.t == "Span" and first.attr == pandoc.Attr() then
    block.content:remove(1)
    if second and second.t == "Str" then
      second.text = pandoc.utils.stringify(first) .. second.text
    else
      block.content = first.content .. block.content
    end
    return block
  end
end

local finish = {
  Div = function(div)
    local kind = callout_kind(div)
    if kind then
      return callout(div, kind)
    end
  end,
  Para = function(block)
    local label = equation_label(block)
    if label and index[label] then
      return equation(block, label)
    end
    return unwrap_first(block)
  end,
  Header = function(header)
    -- The title is the page's only first-level heading.
    if TARGET == "html" then
      header.level = header.level + 1
      return header
    end
  end,
}

function Pandoc(doc)
  -- What came and went since another version, in blocks without words (paperbuild.article.marking).
  PLAIN_CLASSES.insertion, PLAIN_CLASSES.deletion = doc.meta.marked ~= nil, doc.meta.marked ~= nil
  for name, word in pairs(doc.meta.words) do
    words[name] = pandoc.utils.stringify(word)
  end
  for name, word in pairs(doc.meta.crossref or {}) do
    crossref[name] = pandoc.utils.stringify(word)
  end
  number_sections = doc.meta["number-sections"] ~= false
  doc.meta.crossref, doc.meta["number-sections"] = nil, nil
  if TARGET == "docx" then
    doc.meta.words = nil
  end
  doc = doc:walk({ RawBlock = drop_comment, Div = by_format, Span = by_format })
  doc.blocks = doc.blocks:walk(survey)
  doc = doc:walk({ Cite = resolve, RawInline = check_raw_inline })
  if #problems == 0 then
    doc.blocks = set_floats(doc.blocks:walk(finish))
  end
  if #problems > 0 then
    io.stderr:write(table.concat(problems, "\n"), "\n")
    os.exit(84)
  end
  return doc
end
