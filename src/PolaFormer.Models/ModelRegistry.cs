using PolaFormer.NN;

namespace PolaFormer.Models;

/// <summary>Every family, and every architecture by name.</summary>
public static class ModelRegistry
{
    /// <summary>The families; one of them in the file of each.</summary>
    public static IReadOnlyList<ModelFamily> Families { get; } =
    [
        Pvt.Family,
        Swin.Family,
        DeiT.Family,
        PvtV2.Family,
        CSWin.Family,
        PolaFormerPlusPlus.Family,
    ];

    /// <summary>All entries, families together.</summary>
    public static IReadOnlyList<ModelEntry> All { get; } = [.. Families.SelectMany(family => family.Entries)];

    /// <summary>The family of a configuration.</summary>
    public static ModelFamily FamilyOf(VisionModelConfig config) => Families.First(family => family.ConfigType == config.GetType());

    /// <summary>The entry of a name, or of another name of it, as that of the authors' file <c>pola_pvt_b.yaml</c>; null for no such name.</summary>
    public static ModelEntry? TryFind(string name)
    {
        string known = Families.Select(family => family.OtherNames.GetValueOrDefault(name)).FirstOrDefault(other => other is not null) ?? name;
        return All.FirstOrDefault(entry => entry.Name == known);
    }

    /// <summary>The entry of a name.</summary>
    /// <exception cref="ArgumentException">No such name; the message lists those there are.</exception>
    public static ModelEntry Find(string name) => TryFind(name)
        ?? throw new ArgumentException($"There is no model '{name}'. {NearestName.Question(name, All.Select(entry => entry.Name))}Registered: {string.Join(", ", All.Select(entry => entry.Name))}.");
}
