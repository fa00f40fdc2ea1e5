-- What came and what went since an older version (paperbuild.article.marking) in the look of each format. Pandoc's
-- writer makes tracked changes of a DOCX from the same spans by itself. Runs after the article's own filters.
--
-- The metadata `marked` has the title and the abstract with their marks, and the pictures that look otherwise.

local pictures = {} -- path without suffix → former: path of the older picture, empty for none; author, date

local TYPST = [[
#let came(body) = {
  set text(fill: rgb("#0b4f9e"))
  underline(offset: 2pt, stroke: 0.6pt + rgb("#0b4f9e"), body)
}
#let went(body) = {
  set text(fill: rgb("#b3261e"))
  strike(stroke: 0.6pt + rgb("#b3261e"), body)
}
#let came-block(body) = block(stroke: (left: 2pt + rgb("#0b4f9e")), inset: (left: 8pt), body)
#let went-block(body) = block(stroke: (left: 2pt + rgb("#b3261e")), inset: (left: 8pt), body)
]]
local MARKS = { insertion = "came", deletion = "went" }
local TAGS = { insertion = "ins", deletion = "del" }

local function fate_of(element)
  return element.classes:find_if(function(class)
    return MARKS[class] ~= nil
  end)
end

local function quoted(text)
  return '"' .. text:gsub("[\\\"]", "\\%0") .. '"'
end

local function tracked(fate, content, hand)
  return pandoc.Span(content, pandoc.Attr("", { fate }, { { "author", hand.author }, { "date", hand.date } }))
end

-- Who and when, as an attribute of an element in HTML.
local function told(hand)
  local day = hand.date:sub(1, 10)
  local who = (hand.author .. (day ~= "" and ", " .. day or "")):gsub("&", "&amp;"):gsub('"', "&quot;"):gsub("<", "&lt;")
  return (hand.date ~= "" and ' datetime="' .. hand.date .. '"' or "") .. (who ~= "" and ' title="' .. who .. '"' or "")
end

local function wrapped(element, raw)
  local fate = fate_of(element)
  if not fate then
    return nil
  end
  local content = element.content
  if FORMAT:match("html") then
    local by = told({ author = element.attributes.author or "", date = element.attributes.date or "" })
    content:insert(1, raw("html", "<" .. TAGS[fate] .. by .. ">"))
    content:insert(raw("html", "</" .. TAGS[fate] .. ">"))
    return content
  elseif FORMAT:match("typst") then
    local name = MARKS[fate] .. (element.t == "Div" and "-block" or "")
    content:insert(1, raw("typst", "#" .. name .. "["))
    content:insert(raw("typst", "]"))
    return content
  elseif element.t == "Div" then
    return content:walk({
      Para = function(paragraph)
        return pandoc.Para({ tracked(fate, paragraph.content, element.attributes) })
      end,
    })
  end
end

local function changed_picture(source)
  local stem, suffix = pandoc.path.split_extension(source)
  return pictures[stem], suffix
end

-- A picture that came, or the older and the newer one.
local function image(element)
  local picture, suffix = changed_picture(element.src)
  if not picture then
    return nil
  end
  local shown = pandoc.Inlines({})
  if picture.former ~= "" then
    local older = element:clone()
    older.src = picture.former .. suffix
    older.attributes.width, older.attributes.height = nil, nil
    shown:insert(tracked("deletion", { older }, picture))
  end
  shown:insert(tracked("insertion", { element }, picture))
  return shown, false
end

-- In the PDF subset.lua has written the picture of a figure.
local function raw_block(block)
  local source, rest = block.text:match('^#image%("/([^"]+)"(.*)%)$')
  local picture, suffix = changed_picture(source or "")
  if not picture then
    return nil
  end
  local function framed(path, colour)
    return "block(stroke: 1.2pt + rgb(" .. quoted(colour) .. "), inset: 3pt, image(" .. quoted("/" .. path) .. rest .. "))"
  end
  local newer = framed(source, "#0b4f9e")
  if picture.former == "" then
    return pandoc.RawBlock("typst", "#" .. newer)
  end
  -- Side by side: two tall ones would run off the page with their caption.
  local older = framed(picture.former .. suffix, "#b3261e")
  return pandoc.RawBlock("typst", "#grid(columns: (1fr, 1fr), column-gutter: 6pt, " .. older .. ", " .. newer .. ")")
end

-- A picture that went stands in a line of its own.
local function typst_image(element)
  local alternative = pandoc.utils.stringify(element.caption)
  return pandoc.RawInline("typst", "#image(" .. quoted("/" .. element.src) .. ", alt: " .. quoted(alternative) .. ")")
end

local function marked(text)
  return text:walk({ Image = FORMAT:match("typst") and typst_image or image, RawBlock = raw_block }):walk({
    Span = function(span)
      return wrapped(span, pandoc.RawInline)
    end,
    Div = function(div)
      return wrapped(div, pandoc.RawBlock)
    end,
    -- The pages of notebooks do not travel with this one.
    Link = function(link)
      if link.target:match("^notebooks/") then
        return link.content
      end
    end,
  })
end

local function legend(words, since)
  local function word(key)
    return pandoc.utils.stringify(words[key])
  end
  local line = pandoc.Inlines({ pandoc.Str(word("since") .. " " .. pandoc.utils.stringify(since) .. ": ") })
  line:insert(pandoc.Span(word("inserted"), pandoc.Attr("", { "insertion" })))
  line:insert(pandoc.Str(", "))
  line:insert(pandoc.Span(word("deleted"), pandoc.Attr("", { "deletion" })))
  line:insert(pandoc.Str("; " .. word("framed") .. "."))
  return marked(pandoc.Blocks({ pandoc.Div({ pandoc.Para(line) }, pandoc.Attr("", { "legend" })) }))
end

function Pandoc(document)
  local given = document.meta.marked
  document.meta.marked = nil
  for name, was in pairs(given.pictures or {}) do
    pictures[name] = {}
    for key, value in pairs(was) do
      pictures[name][key] = pandoc.utils.stringify(value)
    end
  end
  if FORMAT:match("html") then
    -- Neither the other forms of the article nor its citation file travel with the page.
    document.meta.alone = true
    document.meta.pagetitle = pandoc.utils.stringify(document.meta.title)
  end
  local words = document.meta.words
  for key, text in pairs(given.front or {}) do
    -- A DOCX prints no keywords, and has them among its properties as they are.
    if key ~= "keywords" or not FORMAT:match("docx") then
      document.meta[key] = pandoc.utils.type(text) == "List" and text:map(marked) or marked(text)
    end
  end
  document.blocks = marked(document.blocks)
  -- A word processor tells by itself what its colours mean.
  if words and FORMAT:match("html") then
    document.meta["include-before"] = pandoc.MetaBlocks(legend(words, given.since))
  elseif words and FORMAT:match("typst") then
    document.blocks = legend(words, given.since) .. document.blocks
  end
  if FORMAT:match("typst") then
    -- Before the title, which may be marked too.
    document.meta["header-includes"] = pandoc.MetaBlocks({ pandoc.RawBlock("typst", TYPST) })
  end
  return document
end
