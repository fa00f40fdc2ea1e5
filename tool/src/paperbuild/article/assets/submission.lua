-- What a journal wants instead of the article as built: its main text or its supplement, without names where the
-- review is anonymous, figures and tables where they are wanted. Runs last, on what the writer is about to write, and
-- tells what it counted and left out in the file that the metadata names (submission.py).

local stringify = pandoc.utils.stringify
local settings = {}
local told = { words = {}, floats = {}, left = {}, abstracts = {} }

local function count(text)
  local found = 0
  for word in text:gsub("\u{a0}", " "):gsub("[\u{2013}\u{2014}\u{2212}]", " "):gmatch("%S+") do
    found = found + (word:find("[%w\128-\255]") and 1 or 0)
  end
  return found
end

local function add(part, element)
  told.words[part] = (told.words[part] or 0) + count(stringify(element))
end

local function says_name(block)
  if not settings.anonymous then
    return false
  end
  local text = stringify(block)
  block:walk({ Link = function(link)
    text = text .. " " .. link.target
  end })
  for _, name in ipairs(settings.names) do
    if text:lower():find(name:lower(), 1, true) then
      return true
    end
  end
  return false
end

-- A table cannot go for one of its cells.
local function withhold(block)
  local function cell(content)
    return says_name(content) and { pandoc.Plain(pandoc.Str(settings.withheld)) } or nil
  end
  return block:walk({ Plain = cell, Para = cell })
end

-- A figure or table with its caption and the line that says where it was computed, as subset.lua has left them.
local function float_at(blocks, position)
  local block = blocks[position]
  local kind = block.t == "Div" and block.identifier:match("^(%a+)%-")
  local style = kind and block.attributes["custom-style"]
  local found = { identifier = block.identifier, kind = kind }
  if kind == "fig" and (style == "Captioned Figure" or not style) and blocks[position + 1] then
    found.body, found.caption = block, blocks[position + 1]
  elseif kind == "tbl" and (style == "Table Caption" or not style) and blocks[position + 1] then
    found.caption, found.body = block, blocks[position + 1]
  else
    return nil
  end
  local after = blocks[position + 2]
  -- Where nothing is told of its origin, a DOCX has an empty line of that style.
  local origin = after and after.t == "Div"
    and (after.classes:includes("provenance") or after.attributes["custom-style"] == "Provenance")
  found.length = origin and 3 or 2
  found.body = withhold(found.body)
  -- Some languages end a label in a full stop.
  found.label, found.words = stringify(found.caption):match("^(%D*%d+)[:.]%s*(.*)$")
  return found.label and found or nil
end

local function picture_of(body)
  local source
  body:walk({ Image = function(image) source = image.src end })
  return source
end

-- JATS has elements of its own for both.
local function as_jats(float)
  local caption = float.caption.content or float.caption
  local attr = pandoc.Attr(float.identifier)
  if float.kind == "fig" then
    return pandoc.Figure(float.body.content, { long = caption }, attr)
  end
  local tables = float.body.t == "Table" and { float.body } or float.body.content
  local first = tables[1]
  if first and first.t == "Table" then
    first.caption, first.attr = { long = pandoc.Blocks(caption) }, attr
    return first
  end
  return float.body
end

-- JATS numbers sections by itself; the blank behind a number goes with it.
local function without_number(header)
  local first, second = header.content[1], header.content[2]
  if first and first.t == "Span" and first.classes:includes("header-section-number") then
    header.content:remove(1)
    if second and second.t == "Space" then
      header.content:remove(1)
    end
    return header
  end
end

-- The number of an equation in front of it, for submission.py to make its label.
local function equation(div)
  local paragraph = div.identifier:match("^eq%-") and div.content[1]
  local math = paragraph and paragraph.content and paragraph.content[#paragraph.content]
  local formula, number = (math and math.t == "Math" and math.text or ""):match("^(.-)%s*\\qquad%s*(%([%d.]+%))%s*$")
  if formula then
    math.text = formula
    paragraph.content = { pandoc.Str(number), math }
    return pandoc.Div({ paragraph }, div.attr)
  end
end

local BREAK = pandoc.RawBlock("openxml", '<w:p><w:r><w:br w:type="page"/></w:r></w:p>')

-- The article in its parts: text, appendix, references; floats stand in the first two or apart.
local function part(blocks)
  local parts = { text = pandoc.Blocks({}), appendix = pandoc.Blocks({}), references = pandoc.Blocks({}) }
  local apart = { figures = pandoc.Blocks({}), tables = pandoc.Blocks({}) }
  local into, position = "text", 1
  while position <= #blocks do
    local block = blocks[position]
    local float = float_at(blocks, position)
    if float then
      local where = float.kind == "fig" and "figures" or "tables"
      table.insert(told.floats, { kind = float.kind, label = float.label, caption = float.words, part = into,
        source = float.kind == "fig" and picture_of(float.body) or nil })
      add(into == "appendix" and "appendix" or "captions", float.caption)
      if float.kind == "tbl" then
        add(into == "appendix" and "appendix" or "tables", float.body)
      end
      if FORMAT:match("jats") then
        parts[into]:insert(as_jats(float))
      elseif into == "text" and settings[where] == "apart" then
        parts.text:insert(pandoc.Para(pandoc.Str("[" .. float.label .. "]")))
        if where == "tables" then
          apart.tables:extend({ BREAK, float.caption, float.body })
        else
          apart.figures:insert(float.caption)
        end
      else
        parts[into]:extend(where == "tables" and { float.caption, float.body } or { float.body, float.caption })
      end
      position = position + float.length
    else
      local following = blocks[position + 1]
      if block.t == "Div" and block.identifier == "refs" then
        add("references", block)
        told.cited = #block.content
        parts.references:insert(block)
      elseif block.t == "Header" and following and following.t == "Div" and following.identifier == "refs" then
        parts.references:insert(block)
      elseif block.t == "Div" and block.classes:includes("abstract") and not FORMAT:match("jats") then
        table.insert(told.abstracts, block.attributes.lang or "")
      elseif block.t == "Div" and block.classes:includes("provenance") then
        -- It leads to a repository that bears names, and a journal prints none of it.
      elseif says_name(block) then
        table.insert(told.left, stringify(block))
      else
        if block.t == "Header" and block.level == 1 and stringify(block.content):find(settings.appendix, 1, true) == 1 then
          into = "appendix"
        end
        add(into, block)
        parts[into]:insert(block)
      end
      position = position + 1
    end
  end
  return parts, apart
end

-- How many paragraphs of an abstract begin with a heading in bold.
local function headed(abstract)
  local found = 0
  local function look(paragraph)
    found = found + (paragraph.content[1] and paragraph.content[1].t == "Strong" and 1 or 0)
  end
  if pandoc.utils.type(abstract) == "Blocks" then
    abstract:walk({ Para = look, Plain = look })
  end
  return found
end

local function read_settings(meta)
  for name, value in pairs(meta.submission) do
    settings[name] = type(value) == "boolean" and value or pandoc.utils.type(value) == "List" and value:map(stringify) or value
    if pandoc.utils.type(settings[name]) == "Inlines" then
      settings[name] = stringify(settings[name])
    end
  end
  meta.submission = nil
end

function Pandoc(doc)
  read_settings(doc.meta)
  told.words.abstract = doc.meta.abstract and count(stringify(doc.meta.abstract)) or 0
  told.abstract_parts = headed(doc.meta.abstract)
  told.keywords = doc.meta.keywords and #doc.meta.keywords or 0
  local parts, apart = part(doc.blocks)
  if settings.anonymous then
    doc.meta.author, doc.meta.affiliations, doc.meta["built-from"] = nil, nil, nil
  end
  doc.meta.license, doc.meta.citation = nil, nil
  local file = assert(io.open(settings.told, "w"))
  file:write(pandoc.json.encode(told))
  file:close()
  if FORMAT:match("jats") then
    doc.blocks = parts.text .. parts.appendix .. parts.references
    doc.meta.tags = doc.meta.keywords
    if pandoc.utils.type(doc.meta.abstract) == "Inlines" then
      doc.meta.abstract = pandoc.MetaBlocks({ pandoc.Para(doc.meta.abstract) })
    end
    return doc:walk({ Header = without_number, Div = equation, Span = function(span)
      -- Neither what says on which results a word rests nor what keeps a capital in a title is a journal's.
      return (span.classes:includes("stated") or span.classes:includes("nocase")) and span.content or nil
    end })
  elseif settings.part == "supplement" then
    doc.meta.abstract, doc.meta.keywords = nil, nil
    doc.blocks = parts.appendix
  else
    local keywords = doc.meta.keywords and doc.meta.keywords:map(stringify) or {}
    if #keywords > 0 then
      parts.text:insert(1, pandoc.Para(pandoc.Str(settings.keywords .. ": " .. table.concat(keywords, ", "))))
    end
    doc.blocks = parts.text .. parts.references .. apart.tables
    if #apart.figures > 0 then
      doc.blocks:insert(BREAK)
      doc.blocks:extend(apart.figures)
    end
  end
  return doc
end
