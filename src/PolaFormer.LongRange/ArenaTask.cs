namespace PolaFormer.LongRange;

/// <summary>
/// A task of Long Range Arena (Tay et al., ICLR 2021): what its sequences are made of. Number 0 is padding; the sizes are those of the
/// Skyformer repository's configuration.
/// </summary>
/// <param name="Name">Name in recipes and on the command line.</param>
/// <param name="Title">Name in tables.</param>
/// <param name="VocabularySize">Kinds of tokens that embeddings are made for.</param>
/// <param name="Length">Tokens of a padded sequence.</param>
/// <param name="Cut">Tokens that are kept of a longer text.</param>
/// <param name="Classes">Names of the answers, in the order of the logits.</param>
public sealed record ArenaTask(string Name, string Title, int VocabularySize, int Length, int Cut, IReadOnlyList<string> Classes)
{
    /// <summary>Added to a stored byte to make the number of its token.</summary>
    public int IdOffset { get; init; }

    /// <summary>Whether two sequences are compared.</summary>
    public bool IsDual { get; init; }

    /// <summary>Nested lists of numbers and operators; the answer is their value.</summary>
    public static ArenaTask ListOps { get; } = new("listops", "ListOps", 32, 2048, 2000, ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]);

    /// <summary>Bytes of a film review; the answer is its judgement.</summary>
    public static ArenaTask Text { get; } = new("text", "Text", 512, 4096, 4000, ["negative", "positive"]) { IdOffset = 1 };

    /// <summary>Bytes of two documents; the answer is whether one cites the other.</summary>
    public static ArenaTask Retrieval { get; } = new("retrieval", "Retrieval", 512, 4096, 4000, ["unrelated", "related"]) { IdOffset = 1, IsDual = true };

    /// <summary>Pixels of dashed lines; the answer is whether one line joins the two discs.</summary>
    public static ArenaTask Pathfinder { get; } = new("pathfinder", "Pathfinder", 512, 1024, 1024, ["apart", "joined"]);

    /// <summary>Grey pixels of a photograph; the answer is what it shows.</summary>
    public static ArenaTask Image { get; } = new("image", "Image", 256, 1024, 1024, ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]);

    /// <summary>The five tasks, in the order of the paper's table 4.</summary>
    public static IReadOnlyList<ArenaTask> All { get; } = [Text, ListOps, Retrieval, Pathfinder, Image];

    /// <summary>A task by its name.</summary>
    /// <exception cref="ArgumentException">There is none; the message lists those there are.</exception>
    public static ArenaTask Find(string name) => All.FirstOrDefault(task => task.Name == name)
        ?? throw new ArgumentException($"There is no task '{name}' of Long Range Arena. Use one of {string.Join(", ", All.Select(task => task.Name))}.");
}
