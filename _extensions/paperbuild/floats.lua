-- Figures, tables, equations and callouts as both typesetters set them, once numbers are known: by subset.lua, which
-- counts them itself, or by Quarto, which asks article.lua.

local TARGET = FORMAT:match("html") and "html" or FORMAT:match("typst") and "typst" or FORMAT
-- Rows of the longest table that the PDF keeps on one page.
local LONGEST_WHOLE_TABLE = 30
-- Rows that the PDF keeps together where a table breaks, and lines they have at most.
local KEPT_ROWS, KEPT_LINES = 3, 18

local function raw(text)
  return pandoc.RawBlock(TARGET, text)
end

local function styled(style, blocks, identifier)
  return pandoc.Div(blocks, pandoc.Attr(identifier or "", {}, { { "custom-style", style } }))
end

local function quoted(text)
  return '"' .. text:gsub("%s+", " "):gsub("[\\\"]", "\\%0") .. '"'
end

-- What a float may say beside its identifier and content: `label`, "Table 1:", which Typst writes itself where it counts;
-- the rest of its `caption`; where there is one, the block `provenance`; `name`, "Table 1", for who cannot see it; `appended`, whether it stands in an appendix; `width` of a picture
-- in Typst's units; `numbering`, Typst's arguments where Typst itself counts.

-- The caption with its label: bold, in a DOCX by the fields that take its place (word.py).
local function caption(given)
  local label = given.label and pandoc.Str(given.label)
  if not label then
    return given.caption
  elseif TARGET == "html" then
    label = pandoc.Span(label, pandoc.Attr("", { "float-label" }))
  elseif TARGET == "typst" then
    label = pandoc.Strong(label)
  end
  return pandoc.Inlines({ label, pandoc.Space() }) .. given.caption
end

-- On paper whole floats go to the next head of a page. Among the floats of an appendix, with little text between them,
-- tables stay where they stand and break, so that they fill the pages, and figures go to the foot: at the head of a page
-- the first would stand above the heading.
local function typst_float(kind, identifier, body, breakable, given)
  local place = breakable and "none" or given.appended and "bottom" or "top"
  local blocks = pandoc.Blocks({
    raw('#float("' .. kind .. '", placement: ' .. place .. (given.numbering or "") .. ", caption: ["),
    pandoc.Plain(caption(given)), raw("], provenance: [") })
  if given.provenance then
    blocks:insert(given.provenance)
  end
  blocks:insert(raw("])["))
  blocks:extend(body)
  blocks:insert(raw("] <" .. identifier .. ">"))
  return blocks
end

local function figure(identifier, image, given)
  if TARGET == "html" then
    local blocks = pandoc.Blocks({ raw('<figure id="' .. identifier .. '" class="float float-fig">'),
      raw('<div class="picture">'), pandoc.Plain({ image }), raw("</div>"),
      raw("<figcaption>"), pandoc.Plain(caption(given)), raw("</figcaption>") })
    if given.provenance then
      blocks:insert(given.provenance)
    end
    blocks:insert(raw("</figure>"))
    return blocks
  elseif TARGET == "typst" then
    local width = given.width and ", width: " .. given.width or ""
    local drawn = "#image(" .. quoted("/" .. image.src) .. ", alt: " .. quoted(pandoc.utils.stringify(image.caption)) .. width .. ")"
    return typst_float("fig", identifier, { raw(drawn) }, false, given)
  end
  local blocks = pandoc.Blocks({ styled("Captioned Figure", { pandoc.Para({ image }) }, identifier),
    styled("Image Caption", { pandoc.Para(caption(given)) }) })
  if given.provenance then
    blocks:insert(given.provenance)
  end
  return blocks
end

-- A table whose last rows Typst keeps together: they are its foot.
local function footed(tbl)
  local rows, kept, lines = tbl.bodies[1].body, pandoc.List({}), 0
  if #tbl.bodies > 1 or #tbl.foot.rows > 0 or #rows < 2 * KEPT_ROWS then
    return nil
  end
  while #kept < KEPT_ROWS do
    local highest = 1
    for number, cell in ipairs(rows[#rows].cells) do
      local width = tbl.colspecs[number][2]
      if width then
        highest = math.max(highest, math.ceil(pandoc.text.len(pandoc.utils.stringify(cell.contents)) / (100 * width)))
      end
    end
    lines = lines + highest
    if lines > KEPT_LINES then
      break
    end
    kept:insert(1, rows:remove(#rows))
  end
  tbl.foot = pandoc.TableFoot(kept)
  return tbl
end

-- With the blocks, whether they belong on pages turned on their side.
local function numbered_table(identifier, content, given)
  local rows, turned = 0, false
  content:walk({
    Div = function(inner)
      turned = turned or inner.classes:includes("turned")
    end,
    Table = function(tbl)
      rows = #pandoc.utils.to_simple_table(tbl).rows
    end,
  })
  if TARGET == "html" then
    local blocks = pandoc.Blocks({ raw('<figure id="' .. identifier .. '" class="float float-tbl">'), raw("<figcaption>"),
      pandoc.Plain(caption(given)), raw("</figcaption>"),
      raw('<div class="table-scroll" tabindex="0" role="region" aria-label="' .. given.name .. '">') })
    blocks:extend(content)
    blocks:insert(raw("</div>"))
    if given.provenance then
      blocks:insert(given.provenance)
    end
    blocks:insert(raw("</figure>"))
    return blocks, false
  elseif TARGET == "typst" then
    local breaks = turned or given.appended or rows > LONGEST_WHOLE_TABLE
    return typst_float("tbl", identifier, breaks and content:walk({ Table = footed }) or content, breaks, given), turned
  end
  local blocks = pandoc.Blocks({ styled("Table Caption", { pandoc.Para(caption(given)) }, identifier) })
  blocks:extend(content)
  -- Word joins two tables that touch: a paragraph keeps what follows off this one.
  blocks:insert(given.provenance or styled("Provenance", { pandoc.Para({ pandoc.Str("\u{a0}") }) }))
  return blocks, false
end

-- The page's equation, its number at the margin.
local function html_equation(identifier, math, number, name)
  return { raw('<div id="' .. identifier .. '" class="equation" role="group" aria-label="' .. name .. '">'),
    pandoc.Plain({ math }), raw('<span class="equation-number">(' .. number .. ")</span></div>") }
end

local function callout(kind, title, content)
  if TARGET == "docx" then
    return pandoc.Blocks({ styled("Callout Title", { pandoc.Para(title) }), styled("Callout", content) })
  end
  local open, mid, close = '#note-box("' .. kind .. '", [', "])[", "]"
  if TARGET == "html" then
    open = '<div class="callout callout-' .. kind .. '" role="note"><p class="callout-title">'
    mid, close = "</p>", "</div>"
  end
  local blocks = pandoc.Blocks({ raw(open), pandoc.Plain(title), raw(mid) })
  blocks:extend(content)
  blocks:insert(raw(close))
  return blocks
end

-- Whether a heading begins an appendix: an unnumbered one of the first level with the language's word for it.
local function begins(header, word)
  return header.level == 1 and header.classes:includes("unnumbered")
    and pandoc.utils.stringify(header.content):find(word, 1, true) == 1
end

return {
  figure = figure,
  numbered_table = numbered_table,
  html_equation = html_equation,
  callout = callout,
  begins = begins,
  styled = styled,
}
