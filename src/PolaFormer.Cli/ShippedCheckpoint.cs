namespace PolaFormer.Cli;

/// <summary>The models that come with the sources, one a task.</summary>
internal static class ShippedCheckpoint
{
    /// <summary>Their names.</summary>
    public static IReadOnlyDictionary<NetworkTask, string> Names { get; } = new Dictionary<NetworkTask, string>
    {
        [NetworkTask.Classification] = "polaformer_pp_photographs.safetensors",
        [NetworkTask.Detection] = "retinanet_shapes.safetensors",
        [NetworkTask.Segmentation] = "polapp_shapes.safetensors",
    };

    /// <summary>The path of a task's model: in <c>checkpoints/</c> of this folder or of one above the program.</summary>
    /// <exception cref="FileNotFoundException">It is nowhere there.</exception>
    public static string Find(NetworkTask task = NetworkTask.Classification)
    {
        string name = Names[task];
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            string path = Path.Combine(folder.FullName, "checkpoints", name);
            if (File.Exists(path))
                return path;
        }

        throw new FileNotFoundException($"The shipped checkpoint checkpoints/{name} is not there. Name one with --checkpoint.");
    }
}
