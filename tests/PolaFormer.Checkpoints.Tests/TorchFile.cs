using System.IO.Compression;
using System.Text;

namespace PolaFormer.Checkpoints.Tests;

/// <summary>PyTorch checkpoints written by hand: a pickle in which characters 0 to 255 stand for bytes, and storages.</summary>
internal static class TorchFile
{
    /// <summary>A dictionary of a state dict under 'model', and of further pickled keys and values.</summary>
    public static byte[] Of(string beside, params (string Name, float[] Values)[] tensors)
    {
        var pickle = new StringBuilder("\x80\x02}(S'model'\n}(");
        for (int i = 0; i < tensors.Length; i++)
            pickle.Append($"S'{tensors[i].Name}'\n{Tensor(i, tensors[i].Values.Length)}");
        return Zip(pickle.Append('u').Append(beside).Append("u.").ToString(), [.. tensors.Select(tensor => tensor.Values)]);
    }

    /// <summary>The pickle of a tensor of one dimension, whose storage is named by a number.</summary>
    public static string Tensor(int storage, int count, string type = "FloatStorage") =>
        $"ctorch._utils\n_rebuild_tensor_v2\n((S'storage'\nctorch\n{type}\nS'{storage}'\nS'cpu'\nI{count}\ntQI0\n(I{count}\nt(I1\nt\x89NtR";

    /// <summary>An archive of a pickle and storages.</summary>
    public static byte[] Zip(string pickle, params float[][] storages)
    {
        MemoryStream stream = new();
        using (ZipArchive archive = new(stream, ZipArchiveMode.Create, leaveOpen: true))
        {
            Add("m/data.pkl", Encoding.Latin1.GetBytes(pickle));
            for (int i = 0; i < storages.Length; i++)
                Add($"m/data/{i}", [.. storages[i].SelectMany(BitConverter.GetBytes)]);

            void Add(string name, byte[] content)
            {
                using Stream entry = archive.CreateEntry(name, CompressionLevel.NoCompression).Open();
                entry.Write(content);
            }
        }

        return stream.ToArray();
    }
}
