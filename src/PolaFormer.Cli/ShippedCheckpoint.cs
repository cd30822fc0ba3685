namespace PolaFormer.Cli;

/// <summary>The models that come with the sources.</summary>
internal static class ShippedCheckpoint
{
    /// <summary>The classifier's name.</summary>
    public const string FileName = "polaformer_pp_cifar_2m.safetensors";

    /// <summary>The detector's name.</summary>
    public const string DetectorName = "retinanet_shapes.safetensors";

    /// <summary>The path of a model: in <c>checkpoints/</c> of this folder or of one above the program.</summary>
    /// <exception cref="FileNotFoundException">It is nowhere there.</exception>
    public static string Find(string name = FileName)
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            string path = Path.Combine(folder.FullName, "checkpoints", name);
            if (File.Exists(path))
                return path;
        }

        throw new FileNotFoundException($"The shipped checkpoint checkpoints/{name} is not there. Name one with --checkpoint.");
    }
}
