namespace PolaFormer.Checkpoints.Tests;

/// <summary>Files the tests read: small ones beside the tests, larger ones in the shared folder.</summary>
internal static class Fixture
{
    public static string Path(string name) => System.IO.Path.Combine(AppContext.BaseDirectory, "Fixtures", name);

    public static byte[] Bytes(string name) => File.ReadAllBytes(Path(name));

    public static string Shared(params string[] parts)
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(System.IO.Path.Combine(folder.FullName, "PolaFormer.slnx")))
            folder = folder.Parent;
        string path = System.IO.Path.Combine([folder?.FullName ?? ".", "..", "shared", .. parts]);
        if (!File.Exists(path))
            Assert.Skip($"{System.IO.Path.Combine(parts)} is not in the shared folder.");
        return path;
    }

    public static byte[] Data(this CheckpointEntry entry)
    {
        byte[] bytes = new byte[entry.ByteCount];
        entry.ReadBytes(bytes);
        return bytes;
    }

    public static float[] Floats(this CheckpointEntry entry)
    {
        float[] values = new float[entry.Shape.Count];
        entry.ReadFloat32(values);
        return values;
    }
}
