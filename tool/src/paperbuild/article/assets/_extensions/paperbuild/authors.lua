-- Authors as the front matter writes them, kept for front.lua. Quarto sorts them next, and takes the last word of any
-- name for a family's, an institution's too. Only Quarto runs this; only the page asks for it.

function Meta(meta)
  if FORMAT:match("html") then
    meta["written-authors"] = meta.author
  end
  return meta
end
