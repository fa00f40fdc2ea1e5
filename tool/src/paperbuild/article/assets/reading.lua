-- The article as it reads, before any format has had its way with it: bound words chosen, citations printed, cross
-- references left to whatever sets it. What compares two versions, or takes an article apart, begins from here.

local folder = pandoc.path.join({ pandoc.path.directory(PANDOC_SCRIPT_FILE), "_extensions", "paperbuild" })
-- The article's own filter finds the words of its language beside the script.
PANDOC_SCRIPT_FILE = pandoc.path.join({ folder, "article.lua" })
local article = dofile(PANDOC_SCRIPT_FILE)

local NUMBERED = { fig = true, tbl = true, sec = true, eq = true }

local function refers(cite)
  return cite.citations:find_if(function(citation)
    return not NUMBERED[(citation.id:match("^(%a+)%-") or ""):lower()]
  end) == nil
end

-- Citeproc would look for references among the works cited, so it does not see them.
local function cited(document)
  local hidden = pandoc.List({})
  document = document:walk({
    Cite = function(cite)
      if refers(cite) then
        hidden:insert(cite)
        return pandoc.Span({}, pandoc.Attr("", { "hidden-reference" }, { { "place", tostring(#hidden) } }))
      end
    end,
  })
  return pandoc.utils.citeproc(document):walk({
    Span = function(span)
      if span.classes:includes("hidden-reference") then
        return hidden[tonumber(span.attributes.place)]
      end
    end,
  })
end

return { article[1], article[2], { Pandoc = cited } }
