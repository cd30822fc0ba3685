using PolaFormer.Files;
using PolaFormer.Server.Models;

namespace PolaFormer.Server.Repository;

/// <summary>The files that may be served: those that were named, and the checkpoints in the folders that were named. Nothing else is ever opened.</summary>
/// <param name="named">Files under names.</param>
/// <param name="folders">Folders; each checkpoint in one is a model of the file's name.</param>
internal sealed class ModelCatalog(IReadOnlyList<ModelSource> named, IReadOnlyList<string> folders)
{
    /// <summary>What there is now, by name; a named file goes before one of a folder.</summary>
    public IReadOnlyList<ModelSource> All
    {
        get
        {
            var found = new SortedDictionary<string, ModelSource>(StringComparer.Ordinal);
            foreach (ModelSource source in folders.SelectMany(In).Concat(named))
                found[source.Name] = source;
            return [.. found.Values];
        }
    }

    /// <summary>The source of a name; null where there is none.</summary>
    public ModelSource? Find(string name) => All.FirstOrDefault(source => source.Name == name);

    /// <summary>Makes sure that every file and folder is there.</summary>
    /// <exception cref="FileException">One is not.</exception>
    public void Check()
    {
        foreach (ModelSource source in named)
            InputFile.Check(source.File);
        foreach (string folder in folders)
        {
            if (!Directory.Exists(folder))
                throw new FileException(folder, "there is no such folder. Check the path.");
        }

        if (named.GroupBy(source => source.Name).FirstOrDefault(same => same.Count() > 1) is { } twice)
            throw new ArgumentException($"Two models are called {twice.Key}. Give each a name of its own.");
    }

    // A link that leads out of the folder is no file of it.
    private static IEnumerable<ModelSource> In(string folder)
    {
        if (!Directory.Exists(folder))
            yield break;
        string root = RealPath(Path.GetFullPath(folder)) + Path.DirectorySeparatorChar;
        foreach (string path in Directory.EnumerateFiles(folder).Order(StringComparer.Ordinal))
        {
            string name = Path.GetFileNameWithoutExtension(path);
            if (ModelSource.IsName(name) && ModelFiles.Extensions.Contains(Path.GetExtension(path)) && RealPath(Path.GetFullPath(path)).StartsWith(root, StringComparison.Ordinal))
                yield return new ModelSource(name, path);
        }
    }

    // With the links of every part resolved: Kubernetes mounts files as links into a linked folder.
    private static string RealPath(string path)
    {
        const int mostLinks = 40;
        string resolved = Path.GetPathRoot(path)!;
        var parts = new Stack<string>(path[resolved.Length..].Split(Path.DirectorySeparatorChar, StringSplitOptions.RemoveEmptyEntries).Reverse());
        for (int links = 0; parts.TryPop(out string? part);)
        {
            string next = Path.GetFullPath(Path.Combine(resolved, part));
            if (new FileInfo(next).LinkTarget is not { } target)
            {
                resolved = next;
                continue;
            }

            if (++links > mostLinks)
                return "";
            string full = Path.GetFullPath(Path.Combine(resolved, target));
            resolved = Path.GetPathRoot(full)!;
            foreach (string step in full[resolved.Length..].Split(Path.DirectorySeparatorChar, StringSplitOptions.RemoveEmptyEntries).Reverse())
                parts.Push(step);
        }

        return resolved;
    }
}
