-- What the article has beyond Markdown, for both typesetters: a line under every figure and table that says where
-- it was computed, the look of the abstracts in other languages, and tables that fit the page.
--
-- The metadata `provenance` (build/results/numbers.yml) maps an artefact's name to "notebook › cell". The line is
-- a block of class `provenance` behind the float.

local origins = {}

local function read_origins(meta)
  for name, text in pairs(meta.provenance or {}) do
    origins[name] = pandoc.utils.stringify(text)
  end
end

-- A figure is known by its file; a table, whose file was included, by its identifier without "tbl-".
local function origin_of(identifier, content)
  local stem = identifier:gsub("^%a+%-", "", 1)
  pandoc.Blocks(content):walk({
    Image = function(image)
      stem = pandoc.path.split_extension(pandoc.path.filename(image.src))
    end,
  })
  return origins[stem] or origins[identifier]
end

local function line(origin)
  local notebook, cell = origin:match("^(%S+) › (%S+)$")
  local inlines = pandoc.Inlines({ pandoc.Str("Computed"), pandoc.Space(), pandoc.Str("in"), pandoc.Space() })
  if FORMAT:match("html") and notebook then
    inlines:insert(pandoc.Link(origin, "notebooks/" .. notebook .. ".html#" .. cell))
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
  local origin = origin_of(identifier, content)
  if origin then
    return { float, line(origin) }
  end
end

-- Longest text of each column in characters, and whether one of them has to wrap. A head is bold and breaks into two
-- lines; a column of text counts with at most 34.
local function column_lengths(tbl)
  local lengths, wraps = pandoc.List({}), false
  local simple = pandoc.utils.to_simple_table(tbl)
  for column, cell in ipairs(simple.header) do
    local text = pandoc.utils.stringify(cell)
    local longest = math.ceil(pandoc.text.len(text) / 2)
    for word in text:gmatch("%S+") do
      longest = math.max(longest, pandoc.text.len(word) + 1)
    end
    lengths[column] = longest
  end
  for _, row in ipairs(simple.rows) do
    for column, cell in ipairs(row) do
      local length = pandoc.text.len(pandoc.utils.stringify(cell))
      wraps = wraps or length > 34
      lengths[column] = math.max(lengths[column], math.min(length, 34))
    end
  end
  return lengths, wraps
end

-- Type size and column widths on paper: the longest possible line of the table has to fit the page.
local function sized(tbl)
  local lengths, wraps = column_lengths(tbl)
  local total = 0
  for _, length in ipairs(lengths) do
    total = total + length + 2
  end
  local points = total <= 86 and 9 or total <= 100 and 8 or (total <= 112 or wraps) and 7 or 6.4
  for column, length in ipairs(lengths) do
    -- Word processors measure no text, so they are told; a short table is not spread over the page. Pandoc's own
    -- widths come from the dashes under a long header and mean nothing.
    local width = FORMAT:match("docx") and (length + 2) / math.max(total, 60) or nil
    tbl.colspecs[column] = { tbl.colspecs[column][1], width }
  end
  if FORMAT:match("typst") then
    return pandoc.Div({
      pandoc.RawBlock("typst", "#{ set text(size: " .. points .. "pt); ["),
      tbl,
      pandoc.RawBlock("typst", "] }"),
    }, pandoc.Attr("", { "sized" }))
  elseif FORMAT:match("docx") then
    local style = { { "custom-style", points < 9 and "Table Text Small" or "Table Text" } }
    return tbl:walk({
      Plain = function(plain)
        return pandoc.Div({ pandoc.Para(plain.content) }, pandoc.Attr("", {}, style))
      end,
    })
  end
  return tbl
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
  { Meta = read_origins },
  {
    Table = sized,
    -- Quarto's own node for figures and tables alike.
    FloatRefTarget = function(float)
      return with_line(float.__quarto_custom_node, float.identifier, float.content)
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
