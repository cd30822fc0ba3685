using System.Buffers.Binary;
using PolaFormer.Checkpoints.Pickle;
using PolaFormer.Tensors;

namespace PolaFormer.Checkpoints.Tests;

/// <summary>Damaged files end in a CheckpointException or in a readable checkpoint, and take memory in proportion to their size.</summary>
public class FuzzTests
{
    private const int Rounds = 15_000;
    private const long BaseAllocation = 1 << 19, AllocationPerByte = 200;

    [Theory]
    [InlineData("oddities.safetensors", 1)]
    [InlineData("oddities.pth", 2)]
    [InlineData("oddities_proto4.pth", 3)]
    [InlineData("oddities_legacy.pth", 4)]
    public void DamagedFilesAreRefusedOrRead(string file, int seed)
    {
        byte[] original = Fixture.Bytes(file);
        byte[] scratch = new byte[1 << 12];
        Run(original, seed, (bytes, round) =>
        {
            // Without checksums most damage reaches the parsers behind them.
            CheckpointOptions options = new() { VerifyChecksums = round % 4 == 0, StripModulePrefix = round % 2 == 0 };
            using Checkpoint checkpoint = Checkpoint.Parse(bytes, "fuzz", options);
            foreach (CheckpointEntry entry in checkpoint.Entries)
            {
                int size = entry.DType.Size();
                for (long done = 0; done < entry.ByteCount; done += scratch.Length)
                    entry.Tensor.ReadBytes(done, scratch.AsSpan(0, (int)Math.Min(scratch.Length, entry.ByteCount - done)));
            }
            foreach (object? value in checkpoint.Metadata.Values)
                Walk(value);
            CheckpointManifest.Of(checkpoint);
        });
    }

    [Theory]
    [InlineData("oddities.pth", 5)]
    [InlineData("oddities_proto4.pth", 6)]
    [InlineData("oddities_legacy.pth", 7)]
    public void DamagedPicklesAreRefusedOrRead(string file, int seed)
    {
        byte[] pickle = PickleOf(file);
        Run(pickle, seed, (bytes, _) => Walk(new Unpickler(bytes, "fuzz", "pickle", new AnyStorage()).Load()));
    }

    [Fact]
    public void RandomOpcodesAreRefusedOrRead()
    {
        byte[] opcodes = "(012NJKMGILFSVXTUBC)tl]ae}dsuqrphjgcRbQPio.\x80\x81\x82\x85\x86\x87\x88\x89\x8a\x8b\x8c\x8d\x8e\x8f\x90\x91\x92\x93\x94\x95\x96\x97"u8.ToArray();
        Random random = new(8);
        for (int round = 0; round < Rounds; round++)
        {
            byte[] bytes = new byte[random.Next(4, 120)];
            for (int i = 0; i < bytes.Length; i++)
                bytes[i] = random.Next(3) == 0 ? (byte)random.Next(4) : opcodes[random.Next(opcodes.Length)];
            Check(bytes, round, (input, _) => Walk(new Unpickler(input, "fuzz", "pickle", new AnyStorage()).Load()));
        }
    }

    private static void Run(byte[] original, int seed, Action<byte[], int> read)
    {
        Random random = new(seed);
        read(original, 0);
        for (int round = 0; round < Rounds; round++)
            Check(Mutate(original, random), round, read);
    }

    private static void Check(byte[] bytes, int round, Action<byte[], int> read)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            read(bytes, round);
        }
        catch (CheckpointException)
        {
        }
        catch (Exception e)
        {
            Assert.Fail($"Round {round}: {e}");
        }

        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.True(allocated <= BaseAllocation + (AllocationPerByte * bytes.Length), $"Round {round}: {allocated} bytes for a file of {bytes.Length}.");
    }

    private static byte[] Mutate(byte[] original, Random random)
    {
        List<byte> bytes = [.. original];
        for (int n = random.Next(1, 5); n > 0 && bytes.Count > 8; n--)
        {
            int at = random.Next(bytes.Count), other = random.Next(bytes.Count), length = random.Next(1, 40);
            switch (random.Next(8))
            {
                case 0: bytes[at] ^= (byte)(1 << random.Next(8)); break;
                case 1: bytes[at] = (byte)random.Next(256); break;
                case 2: bytes.RemoveRange(at, Math.Min(length, bytes.Count - at)); break;
                case 3: bytes.InsertRange(at, bytes.GetRange(other, Math.Min(length, bytes.Count - other))); break;
                case 4 when random.Next(4) == 0: bytes.RemoveRange(at, bytes.Count - at); break;
                case 5: bytes[at] = bytes[other]; break;
                case 6:
                    for (int i = 0; i < Math.Min(length, bytes.Count - Math.Max(at, other)); i++)
                        bytes[at + i] = bytes[other + i];
                    break;
                default:
                    uint extreme = random.Next(6) switch { 0 => 0, 1 => uint.MaxValue, 2 => int.MaxValue, 3 => 0x80000000, 4 => (uint)bytes.Count, _ => (uint)random.Next() };
                    for (int i = 0; i < Math.Min(4, bytes.Count - at); i++)
                        bytes[at + i] = (byte)(extreme >> (8 * i));
                    break;
            }
        }
        return [.. bytes];
    }

    private static void Walk(object? value)
    {
        if (value is PickledDictionary dictionary)
            foreach ((object key, object? item) in dictionary)
            {
                Walk(key);
                Walk(item);
            }
        else if (value is PickledList list)
            foreach (object? item in list)
                Walk(item);
    }

    private static byte[] PickleOf(string file)
    {
        byte[] bytes = Fixture.Bytes(file);
        if (file.Contains("legacy"))
            return bytes[137..2240];
        int local = bytes.AsSpan().IndexOf("PK\x3\x4"u8);
        int start = local + 30 + BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(local + 26)) + BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(local + 28));
        return bytes[start..bytes.AsSpan().IndexOf("PK\x7\x8"u8)];
    }
}
