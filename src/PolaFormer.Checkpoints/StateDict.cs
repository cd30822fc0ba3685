using PolaFormer.Checkpoints.IO;
using PolaFormer.Checkpoints.Pickle;

namespace PolaFormer.Checkpoints;

/// <summary>The state dict taken from a file and what lies beside it.</summary>
/// <param name="Section">Its name in the file, or null.</param>
/// <param name="Sections">The names of all state dicts.</param>
/// <param name="Entries">The tensors in order.</param>
/// <param name="Metadata">Everything that is no state dict.</param>
internal sealed record StateDict(string? Section, IReadOnlyList<string> Sections, List<CheckpointEntry> Entries, OrderedDictionary<string, object?> Metadata)
{
    private static readonly string[] s_trained = ["model", "state_dict", "model_state_dict", "model_state", "net", "module"];
    private static readonly string[] s_averaged = ["model_ema", "state_dict_ema", "ema", "ema_state_dict"];

    /// <summary>Tensors together may take so many times the file, shared storages counted each time.</summary>
    private const int MaxSharing = 16;

    /// <summary>A file that is one state dict.</summary>
    public static StateDict Whole(FileBytes file, (List<CheckpointEntry> Entries, OrderedDictionary<string, object?> Metadata) content, string? section)
    {
        if (section is not null) throw NoSuchSection(file, section, []);
        return new StateDict(null, [], content.Entries, content.Metadata);
    }

    /// <summary>Finds the state dicts among the entries of a pickled dictionary, or takes the dictionary itself for one.</summary>
    /// <param name="file">For messages.</param>
    /// <param name="root">What the file holds.</param>
    /// <param name="section">The wanted one, or null for the trained weights.</param>
    public static StateDict Select(FileBytes file, object? root, string? section)
    {
        if (root is not PickledDictionary dictionary)
            throw new CheckpointException(file.Name, $"it holds {Describe(root)} instead of a dictionary of tensors. Save the model's state_dict().");
        List<string> sections = [.. dictionary.Where(entry => entry.Key is string && IsStateDict(entry.Value)).Select(entry => (string)entry.Key)];
        string? chosen = Choose(file, sections, section);
        if (chosen is null && !IsStateDict(dictionary))
            throw new CheckpointException(file.Name, "it holds no dictionary of tensors. Save the model's state_dict(), by itself or under the key 'model'.");

        OrderedDictionary<string, object?> metadata = [];
        HashSet<string> names = [.. sections];
        foreach ((object key, object? value) in dictionary)
            if (key is string name && !names.Contains(name) && (chosen is not null || value is not StoredTensor)) metadata.Add(name, value);
        return new StateDict(chosen, sections, TakeEntries(file, chosen is null ? dictionary : (PickledDictionary)dictionary[chosen]!), metadata);
    }

    private static string? Choose(FileBytes file, List<string> sections, string? wanted)
    {
        if (wanted is null)
            return s_trained.FirstOrDefault(sections.Contains) ?? sections.Find(name => !s_averaged.Contains(name)) ?? sections.FirstOrDefault();
        if (sections.Contains(wanted)) return wanted;
        string? synonym = s_averaged.Contains(wanted) ? s_averaged.FirstOrDefault(sections.Contains) : null;
        return synonym ?? throw NoSuchSection(file, wanted, sections);
    }

    private static List<CheckpointEntry> TakeEntries(FileBytes file, PickledDictionary dictionary)
    {
        List<CheckpointEntry> entries = [];
        long total = 0, limit = (1 << 16) + MaxSharing * file.Length;
        foreach ((object key, object? value) in dictionary)
        {
            if (key is not string name || value is not StoredTensor tensor) continue;
            total += tensor.ByteCount;
            if (total > limit) throw new CheckpointException(file.Name, $"its tensors share their data so often that they take over {limit} bytes. Save contiguous copies.");
            entries.Add(new CheckpointEntry(name, tensor));
        }

        return entries;
    }

    private static bool IsStateDict(object? value) => value is PickledDictionary dictionary && dictionary.Values.Any(item => item is StoredTensor);

    private static CheckpointException NoSuchSection(FileBytes file, string wanted, List<string> sections) =>
        new(file.Name, sections.Count == 0
            ? $"there is no section '{wanted}': the file is a single state dict. Open it without choosing a section."
            : $"there is no section '{wanted}'. The file holds {string.Join(", ", sections)}.");

    private static string Describe(object? value) => value switch
    {
        null => "None",
        StoredTensor => "a single tensor",
        PickledContainer container => $"a {container.TypeName}",
        _ => "a single value",
    };
}
