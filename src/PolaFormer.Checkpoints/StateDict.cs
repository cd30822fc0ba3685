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
    private static readonly string[] s_trained =
        ["model", "state_dict", "model_state_dict", "model_state", "net", "module", "network", "weights", "params", "student", "backbone", "encoder"];
    private static readonly string[] s_averaged = ["model_ema", "state_dict_ema", "ema", "ema_state_dict", "ema_model", "params_ema", "averaged_model", "teacher"];

    /// <summary>Entries of the state dict that are no tensors, with what they are.</summary>
    public IReadOnlyDictionary<string, string> Unread { get; private init; } = new Dictionary<string, string>();

    /// <summary>Names in the file that mean nothing here.</summary>
    public IReadOnlyList<string> NotRead { get; private init; } = [];

    /// <summary>Tensors together may take so many times the file, shared storages counted each time.</summary>
    private const int MaxSharing = 16;

    /// <summary>A file that is one state dict.</summary>
    public static StateDict Whole(FileBytes file, (List<CheckpointEntry> Entries, OrderedDictionary<string, object?> Metadata) content, string? section)
    {
        if (section is not null)
            throw NoSuchSection(file, section, []);
        return new StateDict(null, [], content.Entries, content.Metadata);
    }

    /// <summary>Finds the state dicts among the entries of a pickled dictionary, or takes the dictionary itself for one.</summary>
    /// <param name="file">For messages.</param>
    /// <param name="content">What the file holds, and the names that mean nothing here.</param>
    /// <param name="section">The wanted one, or null for the trained weights.</param>
    public static StateDict Select(FileBytes file, (object? Root, IReadOnlyList<string> NotRead) content, string? section)
    {
        if (PickledNetwork.Flattened(content.Root) is not PickledDictionary dictionary)
            throw new CheckpointException(file.Name, $"it holds {Describe(content.Root)} instead of a dictionary of tensors. Save the model's state_dict().");
        OrderedDictionary<string, PickledDictionary> stateDicts = [];
        foreach ((object key, object? value) in dictionary)
            if (key is string title && PickledNetwork.Flattened(value) is PickledDictionary state && IsStateDict(state))
                stateDicts.Add(title, state);
        List<string> sections = [.. stateDicts.Keys];
        string? chosen = Choose(file, dictionary, stateDicts, section);
        if (chosen is null && !IsStateDict(dictionary) && dictionary.Values.OfType<PickledDictionary>().FirstOrDefault(inner => inner.Values.Any(IsStateDict)) is { } nested)
            return Select(file, (nested, content.NotRead), section);
        if (chosen is null && !IsStateDict(dictionary))
            throw new CheckpointException(file.Name, "it holds no dictionary of tensors. Save the model's state_dict(), by itself or under the key 'model'.");

        OrderedDictionary<string, object?> metadata = [];
        HashSet<string> names = [.. sections];
        foreach ((object key, object? value) in dictionary)
            if (key is string name && !names.Contains(name) && (chosen is not null || value is not StoredTensor))
                metadata.Add(name, value);
        PickledDictionary tensors = chosen is null ? dictionary : stateDicts[chosen];
        return new StateDict(chosen, sections, TakeEntries(file, tensors), metadata)
        {
            Unread = tensors.Where(entry => entry.Key is string && entry.Value is not StoredTensor).ToDictionary(entry => (string)entry.Key, entry => Describe(entry.Value)),
            NotRead = content.NotRead,
        };
    }

    // Without a known name, the weights are the most tensors: states of generators and losses are few.
    private static string? Choose(FileBytes file, PickledDictionary dictionary, OrderedDictionary<string, PickledDictionary> stateDicts, string? wanted)
    {
        List<string> sections = [.. stateDicts.Keys];
        if (wanted is null)
        {
            if (TensorsIn(dictionary) > stateDicts.Values.Select(TensorsIn).DefaultIfEmpty(0).Max())
                return null;
            return s_trained.FirstOrDefault(sections.Contains) ?? sections.MaxBy(name => (TensorsIn(stateDicts[name]), !s_averaged.Contains(name)));
        }

        if (sections.Contains(wanted))
            return wanted;
        string? synonym = s_averaged.Contains(wanted) ? s_averaged.FirstOrDefault(sections.Contains) : null;
        return synonym ?? throw NoSuchSection(file, wanted, sections);
    }

    private static List<CheckpointEntry> TakeEntries(FileBytes file, PickledDictionary dictionary)
    {
        List<CheckpointEntry> entries = [];
        long total = 0, limit = (1 << 16) + (MaxSharing * file.Length);
        foreach ((object key, object? value) in dictionary)
        {
            if (key is not string name || value is not StoredTensor tensor)
                continue;
            total += tensor.ByteCount;
            if (total > limit)
                throw new CheckpointException(file.Name, $"its tensors share their data so often that they take over {limit} bytes. Save contiguous copies.");
            entries.Add(new CheckpointEntry(name, tensor));
        }

        return entries;
    }

    private static bool IsStateDict(object? value) => TensorsIn(value) > 0;

    private static int TensorsIn(object? value) => value is PickledDictionary dictionary ? dictionary.Count(entry => entry is { Key: string, Value: StoredTensor }) : 0;

    private static CheckpointException NoSuchSection(FileBytes file, string wanted, List<string> sections) =>
        new(file.Name, sections.Count == 0
            ? $"there is no section '{wanted}': the file is a single state dict. Open it without choosing a section."
            : $"there is no section '{wanted}'. The file holds {string.Join(", ", sections)}.");

    private static string Describe(object? value) => value switch
    {
        null => "None",
        StoredTensor => "a single tensor",
        PickledDictionary { IsUnread: true } unread => $"an object of {unread.TypeName}, which only its own code could make a network of,",
        PickledContainer container => $"a {container.TypeName}",
        _ => "a single value",
    };
}
