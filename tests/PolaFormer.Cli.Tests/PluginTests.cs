using System.Text.Json;

namespace PolaFormer.Cli.Tests;

/// <summary>An attention of one's own, from a library that the command line loads.</summary>
public sealed class PluginTests : IDisposable
{
    private static readonly string s_library = Path.Combine(AppContext.BaseDirectory, "OwnAttention.dll");

    private readonly string _folder = Directory.CreateTempSubdirectory().FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task ItsNameIsKnown()
    {
        (int code, string output, string error) = await Polaformer.Run("compare", "--plugin", s_library, "--mechanisms", "squared-relu,polarity(alpha=3)", "--tokens", "16", "--json");
        Assert.True(code == 0, error);
        Assert.Contains("polarity(alpha=3)", output, StringComparison.Ordinal);
        (code, _, error) = await Polaformer.Run("compare", "--mechanisms", "squared-relu", "--tokens", "16");
        Assert.Equal(1, code);
        Assert.Contains("--plugin", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ACheckpointRemembersIt()
    {
        string data = Path.Combine(_folder, "data"), run = Path.Combine(_folder, "run");
        SyntheticFolder(data);
        (int code, string output, string error) = await Polaformer.Run(
            "train", "--plugin", s_library, "--cfg", "configs/polaformer_pp_cifar.yaml", "--data", data, "--output", run, "--epochs", "1",
            "--attention", "squared-relu,polarity(alpha=3,kernel=3),softmax", "--opts", "MODEL.NUM_CLASSES", "2", "DATA.BATCH_SIZE", "4");
        Assert.True(code == 0, error);
        Assert.Contains($" --plugin {s_library} ", output.TrimEnd().Split('\n')[^1], StringComparison.Ordinal);
        string checkpoint = Directory.GetFiles(run, "*.safetensors", SearchOption.AllDirectories).First(file => !file.Contains("resume", StringComparison.Ordinal));
        (code, output, error) = await Polaformer.Run("inspect", checkpoint, "--plugin", s_library, "--json");
        Assert.True(code == 0, error);
        Assert.Equal(["squared-relu", "polarity(alpha=3,kernel=3)", "softmax"], JsonDocument.Parse(output).RootElement.GetProperty("attention").EnumerateArray().Select(name => name.GetString()));
        (code, _, error) = await Polaformer.Run("predict", Path.Combine("samples", "images", "cat.jpg"), "--plugin", s_library, "--checkpoint", checkpoint);
        Assert.True(code == 0, error);
        (code, _, error) = await Polaformer.Run("attention", Path.Combine("samples", "images", "cat.jpg"), "--plugin", s_library, "--checkpoint", checkpoint, "-o", Path.Combine(_folder, "a.png"));
        Assert.True(code == 0, error);
        (code, _, error) = await Polaformer.Run("predict", Path.Combine("samples", "images", "cat.jpg"), "--checkpoint", checkpoint);
        Assert.Equal(1, code);
        Assert.Contains("squared-relu", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("missing.dll", "no such file")]
    [InlineData("README.md", "cannot be loaded")]
    [InlineData("PolaFormer.Files.dll", "declares no attention")]
    public async Task ALibraryWithoutAttentionsIsRefused(string file, string part)
    {
        string path = file.StartsWith("PolaFormer", StringComparison.Ordinal) ? Path.Combine(AppContext.BaseDirectory, file) : file;
        (int code, _, string error) = await Polaformer.Run("models", "--plugin", path);
        Assert.Equal(1, code);
        Assert.Contains(part, error, StringComparison.Ordinal);
        Assert.Single(error.TrimEnd().Split('\n'));
    }

    private static void SyntheticFolder(string data)
    {
        foreach (string part in (string[])["train", "val"])
        {
            foreach (string label in (string[])["cat", "dog"])
            {
                string folder = Directory.CreateDirectory(Path.Combine(data, part, label)).FullName;
                for (int i = 0; i < 4; i++)
                    File.Copy(Path.Combine(Polaformer.Root, "samples", "images", "cat.jpg"), Path.Combine(folder, $"{i}.jpg"));
            }
        }
    }
}
